#include "nn/packed_convolution.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include "nn/threads.h"

namespace spinenet::nn {
namespace {

struct PackedCase {
  int64_t images = 2, channels = 16, outputs = 32, size = 12, kernel = 3;
  ConvolutionOptions options{.padding = 1};
  bool bias = true, input_learns = true;
};

struct PackedAnswer {
  torch::Tensor y, of_x, of_weight, of_bias;
};

template <class Operation>
PackedAnswer answer_of(const PackedCase& c, torch::ScalarType type, const Operation& operation) {
  at::manual_seed(5);
  const auto some = [&](at::IntArrayRef shape) { return at::randn(shape).to(type); };
  const torch::Tensor x = some({c.images, c.channels, c.size, c.size + 3}).set_requires_grad(c.input_learns);
  const torch::Tensor weight = some({c.outputs, c.channels, c.kernel, c.kernel}).set_requires_grad(true);
  const torch::Tensor bias = c.bias ? some({c.outputs}).set_requires_grad(true) : torch::Tensor();
  PackedAnswer a;
  a.y = operation(x, weight, bias);
  a.y.backward(at::cos(at::arange(a.y.numel(), at::kDouble)).to(type).view(a.y.sizes()));
  a.of_x = x.grad();
  a.of_weight = weight.grad();
  if (c.bias) a.of_bias = bias.grad();
  return a;
}

PackedAnswer packed(const PackedCase& c) {
  return answer_of(c, torch::kFloat, [&](const auto& x, const auto& weight, const auto& bias) {
    return packed_convolution(x, weight, bias, c.options);
  });
}

PackedAnswer expected(const PackedCase& c) {
  return answer_of(c, torch::kDouble, [&](const auto& x, const auto& weight, const auto& bias) {
    return at::conv2d(x, weight, bias, c.options.stride, c.options.padding, c.options.dilation);
  });
}

void expect_near(const torch::Tensor& found, const torch::Tensor& expected, const char* what) {
  ASSERT_EQ(found.defined(), expected.defined()) << what;
  if (!found.defined()) return;
  ASSERT_EQ(found.sizes(), expected.sizes()) << what;
  const double most = expected.abs().max().item<double>();
  EXPECT_LT((found.to(torch::kDouble) - expected).abs().max().item<double>(), 2e-5 * most) << what;
}

const std::vector<PackedCase>& packed_cases() {
  static const std::vector<PackedCase> cases{{},
                                             {.images = 4, .channels = 64, .outputs = 64, .size = 5, .bias = false},
                                             {.channels = 3,
                                              .outputs = 24,
                                              .size = 21,
                                              .kernel = 7,
                                              .options = {.stride = 2, .padding = 3},
                                              .bias = false,
                                              .input_learns = false},
                                             {.channels = 20, .outputs = 36, .kernel = 1, .options = {}},
                                             {.channels = 8, .outputs = 90, .options = {.stride = 2, .padding = 1}},
                                             {.options = {.padding = 2, .dilation = 2}},
                                             {.images = 1, .size = 1}};
  return cases;
}

class PackedConvolution : public testing::Test {
 protected:
  ~PackedConvolution() override { at::set_num_threads(before_); }

 private:
  int before_ = at::get_num_threads();
};

TEST_F(PackedConvolution, IsTheConvolutionAndItsGradients) {
  for (size_t i = 0; i < packed_cases().size(); ++i) {
    SCOPED_TRACE(testing::Message() << "case " << i);
    const PackedAnswer found = packed(packed_cases()[i]), right = expected(packed_cases()[i]);
    EXPECT_TRUE(found.y.is_contiguous(at::MemoryFormat::ChannelsLast));
    expect_near(found.y, right.y, "output");
    expect_near(found.of_x, right.of_x, "gradient of the input");
    expect_near(found.of_weight, right.of_weight, "gradient of the weights");
    expect_near(found.of_bias, right.of_bias, "gradient of the bias");
  }
}

TEST_F(PackedConvolution, HasTheSameBitsForAnyNumberOfThreads) {
  for (size_t i = 0; i < packed_cases().size(); ++i) {
    set_threads(1, packed_cases()[i].images);
    const PackedAnswer one = packed(packed_cases()[i]);
    for (const int threads : {2, 3, 5}) {
      SCOPED_TRACE(testing::Message() << "case " << i << ", " << threads << " threads");
      set_threads(threads, packed_cases()[i].images);
      const PackedAnswer several = packed(packed_cases()[i]);
      EXPECT_TRUE(at::equal(several.y, one.y));
      EXPECT_TRUE(!one.of_x.defined() || at::equal(several.of_x, one.of_x));
      EXPECT_TRUE(at::equal(several.of_weight, one.of_weight));
      EXPECT_TRUE(!one.of_bias.defined() || at::equal(several.of_bias, one.of_bias));
    }
  }
}

// What is computed on the way lies in memory of the threads: a larger convolution in between changes nothing.
TEST_F(PackedConvolution, TakesLayoutsAsTheyCome) {
  const torch::Tensor x = at::randn({2, 16, 9, 9}), weight = at::randn({32, 16, 3, 3});
  const ConvolutionOptions options{.padding = 1};
  const torch::Tensor y = packed_convolution(x, weight, {}, options);
  packed_convolution(at::randn({4, 96, 20, 20}), at::randn({96, 96, 3, 3}), {}, options);
  EXPECT_TRUE(at::equal(packed_convolution(x.contiguous(at::MemoryFormat::ChannelsLast), weight, {}, options), y));
  EXPECT_TRUE(at::equal(packed_convolution(x, weight.contiguous(at::MemoryFormat::ChannelsLast), {}, options), y));
  EXPECT_TRUE(at::equal(packed_convolution(at::cat({x, x}, 1).narrow(1, 16, 16), weight, {}, options), y));
}

// The gradient of a sum is one number, repeated.
TEST_F(PackedConvolution, TakesGradientsAsTheyCome) {
  const torch::Tensor x = at::randn({2, 16, 6, 6}).set_requires_grad(true);
  const torch::Tensor weight = at::randn({8, 16, 3, 3}).set_requires_grad(true);
  packed_convolution(x, weight, {}, {.stride = 2, .padding = 1}).sum().backward();
  const torch::Tensor of_x = x.grad().clone(), of_weight = weight.grad().clone();
  x.mutable_grad().reset();
  weight.mutable_grad().reset();
  at::conv2d(x, weight, {}, 2, 1).sum().backward();
  expect_near(of_x, x.grad().to(torch::kDouble), "gradient of the input");
  expect_near(of_weight, weight.grad().to(torch::kDouble), "gradient of the weights");
}

TEST_F(PackedConvolution, RecordsNothingWhereNothingLearns) {
  const torch::NoGradGuard no_grad;
  const torch::Tensor x = at::randn({2, 16, 6, 6}), weight = at::randn({8, 16, 3, 3}).set_requires_grad(true);
  const torch::Tensor y = packed_convolution(x, weight, {}, {.padding = 3});
  EXPECT_FALSE(y.requires_grad());
  expect_near(y, at::conv2d(x, weight, {}, 1, 3).to(torch::kDouble), "output");
}

TEST_F(PackedConvolution, LeavesTheRestToLibTorch) {
  const torch::Tensor x = at::randn({2, 16, 9, 9}), weight = at::randn({32, 16, 3, 3});
  EXPECT_TRUE(can_pack_convolution(x, weight, {}));
  EXPECT_FALSE(can_pack_convolution(x, at::randn({32, 8, 3, 3}), {.groups = 2}));
  EXPECT_FALSE(can_pack_convolution(x.to(torch::kDouble), weight.to(torch::kDouble), {}));
  EXPECT_FALSE(can_pack_convolution(x.to(torch::kBFloat16), weight.to(torch::kBFloat16), {}));
  EXPECT_FALSE(can_pack_convolution(x, at::randn({32, 16, 3, 1}), {}));
  EXPECT_FALSE(can_pack_convolution(x.narrow(0, 0, 0), weight, {}));
  EXPECT_FALSE(can_pack_convolution(x, at::randn({32, 8, 3, 3}), {})) << "of other channels";
  EXPECT_FALSE(can_pack_convolution(x.narrow(2, 0, 2), weight, {})) << "larger than the map";
}

}  // namespace
}  // namespace spinenet::nn
