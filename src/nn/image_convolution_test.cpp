#include "nn/image_convolution.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include "nn/packed_convolution.h"
#include "nn/threads.h"

namespace spinenet::nn {
namespace {

struct ConvolutionAnswer {
  torch::Tensor y, of_x, of_weight, of_bias;
};

struct ConvolutionCase {
  int64_t images = 4, channels = 6, outputs = 8, size = 9, kernel = 3;
  ConvolutionOptions options{.padding = 1, .groups = 2};
  bool bias = true, input_learns = true;
};

torch::Tensor some(at::IntArrayRef shape) {
  return at::randn(shape).contiguous(at::MemoryFormat::ChannelsLast);
}

class ImageConvolution : public testing::Test {
 protected:
  ~ImageConvolution() override { at::set_num_threads(before_); }

  static ConvolutionAnswer answer(const ConvolutionCase& c, int threads) {
    at::manual_seed(3);
    set_threads(threads, c.images);
    const torch::Tensor x = some({c.images, c.channels, c.size, c.size + 2}).set_requires_grad(c.input_learns);
    const torch::Tensor weight =
        some({c.outputs, c.channels / c.options.groups, c.kernel, c.kernel}).set_requires_grad(true);
    const torch::Tensor bias = c.bias ? at::randn({c.outputs}).set_requires_grad(true) : torch::Tensor();
    ConvolutionAnswer a;
    a.y = image_convolution(x, weight, bias, c.options);
    a.y.backward(at::cos(a.y.detach()));
    a.of_x = x.grad();
    a.of_weight = weight.grad();
    if (c.bias) a.of_bias = bias.grad();
    return a;
  }

  static void expect_near(const torch::Tensor& a, const torch::Tensor& b, const char* what) {
    ASSERT_EQ(a.defined(), b.defined()) << what;
    if (!a.defined()) return;
    ASSERT_EQ(a.sizes(), b.sizes()) << what;
    EXPECT_LT((a - b).abs().max().item<float>(), 1e-5F * b.abs().max().item<float>() + 1e-6F) << what;
  }

 private:
  int before_ = at::get_num_threads();
};

TEST_F(ImageConvolution, AgreesWithOneThread) {
  // In groups: all others are packed_convolution's.
  const std::vector<ConvolutionCase> cases{
      {},
      {.images = 5, .options = {.stride = 2, .padding = 1, .groups = 2}},
      {.kernel = 1, .options = {.groups = 2}, .bias = false},
      {.options = {.padding = 2, .dilation = 2, .groups = 2}},
      {.channels = 8, .options = {.padding = 1, .groups = 8}},
      {.input_learns = false},
      {.images = 2, .size = 3, .kernel = 5, .options = {.stride = 2, .padding = 2, .groups = 2}},
  };
  for (size_t i = 0; i < cases.size(); ++i) {
    const ConvolutionAnswer one = answer(cases[i], 1);
    for (const int threads : {2, 3}) {
      SCOPED_TRACE(testing::Message() << "case " << i << ", " << threads << " threads");
      const ConvolutionAnswer several = answer(cases[i], threads);
      expect_near(several.y, one.y, "output");
      expect_near(several.of_x, one.of_x, "gradient of the input");
      expect_near(several.of_weight, one.of_weight, "gradient of the weights");
      expect_near(several.of_bias, one.of_bias, "gradient of the bias");
    }
  }
}

TEST_F(ImageConvolution, PacksWhatHasNoGroups) {
  const torch::Tensor x = some({4, 16, 9, 9}), weight = some({8, 16, 3, 3});
  const ConvolutionOptions options{.padding = 1};
  EXPECT_TRUE(at::equal(image_convolution(x, weight, {}, options), packed_convolution(x, weight, {}, options)));
}

TEST_F(ImageConvolution, GivesTheSameBitsAgain) {
  const ConvolutionAnswer first = answer({.images = 7}, 2);
  for (int round = 0; round < 20; ++round) {
    const ConvolutionAnswer again = answer({.images = 7}, 2);
    EXPECT_TRUE(at::equal(again.y, first.y));
    EXPECT_TRUE(at::equal(again.of_x, first.of_x));
    EXPECT_TRUE(at::equal(again.of_weight, first.of_weight));
    EXPECT_TRUE(at::equal(again.of_bias, first.of_bias));
  }
}

}  // namespace
}  // namespace spinenet::nn
