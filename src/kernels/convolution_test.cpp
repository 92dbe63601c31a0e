#include "kernels/convolution.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/format.h"
#include "base/random.h"
#include "kernels/weight_gradient.h"

namespace spinenet::kernels {
namespace {

struct Maps {
  std::vector<float> x, weights, bias, gradient;
};

struct Answers {
  std::vector<float> y, of_x, of_weights;
};

std::vector<float> some_floats(Random& random, int64_t count) {
  std::vector<float> floats(static_cast<size_t>(count));
  for (float& f : floats) f = static_cast<float>(random.uniform(-1, 1));
  return floats;
}

int64_t x_floats(const Convolution& c) {
  return c.images * c.height * c.width * c.channels;
}
int64_t y_floats(const Convolution& c) {
  return c.images * c.out_height() * c.out_width() * c.outputs;
}
int64_t weight_floats(const Convolution& c) {
  return c.outputs * c.channels * c.kernel * c.kernel;
}

Maps some_maps(const Convolution& c, uint64_t seed) {
  Random random(seed);
  Maps maps;
  maps.x = some_floats(random, x_floats(c));
  maps.weights = some_floats(random, weight_floats(c));
  maps.bias = some_floats(random, c.outputs);
  maps.gradient = some_floats(random, y_floats(c));
  return maps;
}

// By the definition, in double precision.
struct Expected {
  std::vector<double> y, of_x, of_weights;
};

Expected expected_of(const Convolution& c, const Maps& maps) {
  Expected e;
  e.of_x.resize(static_cast<size_t>(x_floats(c)));
  e.of_weights.resize(static_cast<size_t>(weight_floats(c)));
  for (int64_t n = 0; n < c.images; ++n) {
    for (int64_t oy = 0; oy < c.out_height(); ++oy) {
      for (int64_t ox = 0; ox < c.out_width(); ++ox) {
        for (int64_t o = 0; o < c.outputs; ++o) {
          double sum = static_cast<double>(maps.bias[static_cast<size_t>(o)]);
          const double g = static_cast<double>(maps.gradient[e.y.size()]);
          for (int64_t t = 0; t < c.kernel * c.kernel; ++t) {
            const int64_t y = oy * c.stride - c.padding + t / c.kernel * c.dilation,
                          x = ox * c.stride - c.padding + t % c.kernel * c.dilation;
            if (y < 0 || y >= c.height || x < 0 || x >= c.width) continue;
            for (int64_t i = 0; i < c.channels; ++i) {
              const auto at = static_cast<size_t>(((n * c.height + y) * c.width + x) * c.channels + i);
              const auto w = static_cast<size_t>((o * c.channels + i) * c.kernel * c.kernel + t);
              sum += static_cast<double>(maps.x[at]) * static_cast<double>(maps.weights[w]);
              e.of_x[at] += g * static_cast<double>(maps.weights[w]);
              e.of_weights[w] += g * static_cast<double>(maps.x[at]);
            }
          }
          e.y.push_back(sum);
        }
      }
    }
  }
  return e;
}

std::vector<float> run_pass(ConvolutionPass pass, const Maps& maps, const std::vector<float>& from, const float* bias,
                            int64_t floats, bool backwards) {
  for (int64_t i = 0; i < pass.packing_pieces(); ++i) pass.pack(i, maps.weights.data());
  std::vector<float> to(static_cast<size_t>(floats), NAN);
  for (int64_t i = 0; i < pass.pieces(); ++i) {
    pass.run(backwards ? pass.pieces() - 1 - i : i, from.data(), bias, to.data());
  }
  return to;
}

Answers answers_of(const Convolution& c, const Maps& maps, const ConvolutionKernels& kernels, ConvolutionWay way,
                   bool backwards = false) {
  Answers a;
  a.y = run_pass(ConvolutionPass::forward(c, kernels, way), maps, maps.x, maps.bias.data(), y_floats(c), backwards);
  a.of_x =
      run_pass(ConvolutionPass::input_gradient(c, kernels, way), maps, maps.gradient, nullptr, x_floats(c), backwards);
  WeightGradient gradient(c, kernels, way);
  for (int64_t i = 0; i < gradient.pieces(); ++i) {
    gradient.run(backwards ? gradient.pieces() - 1 - i : i, maps.x.data(), maps.gradient.data());
  }
  a.of_weights.assign(static_cast<size_t>(weight_floats(c)), NAN);
  for (int64_t i = 0; i < gradient.finishing_pieces(); ++i) gradient.finish(i, a.of_weights.data());
  return a;
}

// The farthest of the numbers, relative to the largest.
double distance(const std::vector<float>& found, const std::vector<double>& expected) {
  if (found.size() != expected.size()) return INFINITY;
  double far = 0, most = 1e-30;
  for (size_t i = 0; i < found.size(); ++i) {
    const double d = std::abs(static_cast<double>(found[i]) - expected[i]);
    if (std::isnan(d)) return INFINITY;
    far = std::max(far, d);
    most = std::max(most, std::abs(expected[i]));
  }
  return far / most;
}

std::vector<ConvolutionKernels> all_convolution_kernels() {
  std::vector<ConvolutionKernels> all;
  for (const GradientKernels& gradients : all_gradient_kernels()) {
    for (const Kernels& products : all_kernels()) {
      if (products.name == gradients.name) all.push_back({&products, &gradients});
    }
  }
  return all;
}

void expect_right(const Convolution& c, ConvolutionWay way, double most) {
  const Maps maps = some_maps(c, 7);
  const Expected e = expected_of(c, maps);
  for (const ConvolutionKernels& kernels : all_convolution_kernels()) {
    const std::string what =
        fmt::format("{}: {} x {}x{}x{} to {}, kernel {} stride {} padding {} dilation {}", kernels.products->name,
                    c.images, c.height, c.width, c.channels, c.outputs, c.kernel, c.stride, c.padding, c.dilation);
    const Answers a = answers_of(c, maps, kernels, way);
    EXPECT_LT(distance(a.y, e.y), most) << what;
    EXPECT_LT(distance(a.of_x, e.of_x), most) << what;
    EXPECT_LT(distance(a.of_weights, e.of_weights), most) << what;
    const Answers back = answers_of(c, maps, kernels, way, true);
    EXPECT_EQ(a.y, back.y) << what;
    EXPECT_EQ(a.of_x, back.of_x) << what;
    EXPECT_EQ(a.of_weights, back.of_weights) << what;
  }
}

// Of sums in single precision, and of the transforms' larger numbers.
constexpr double kPlain = 2e-6, kTransformed = 2e-5;

TEST(TrainingConvolution, EveryShapeIsRight) {
  const std::vector<Convolution> cases{
      {},
      {.images = 3, .height = 5, .width = 7, .channels = 4, .outputs = 16},
      {.images = 2, .height = 9, .width = 6, .channels = 48, .outputs = 80, .kernel = 1},
      {.images = 3, .height = 11, .width = 10, .channels = 300, .outputs = 250, .kernel = 1},
      {.images = 1, .height = 3, .width = 5, .channels = 256, .outputs = 272, .kernel = 1},
      {.images = 2, .height = 8, .width = 8, .channels = 3, .outputs = 16, .kernel = 7, .stride = 2, .padding = 3},
      {.images = 2, .height = 9, .width = 8, .channels = 3, .outputs = 5, .kernel = 3, .stride = 2, .padding = 1},
      {.images = 5, .height = 2, .width = 2, .channels = 32, .outputs = 48, .kernel = 3, .stride = 1, .padding = 1},
      {.images = 3, .height = 1, .width = 1, .channels = 32, .outputs = 16, .kernel = 3, .stride = 1, .padding = 1},
      {.images = 2, .height = 7, .width = 9, .channels = 20, .outputs = 36, .kernel = 3, .stride = 1, .padding = 1},
      {.images = 2, .height = 11, .width = 10, .channels = 16, .outputs = 90, .kernel = 3, .stride = 2, .padding = 1},
      {.images = 1, .height = 10, .width = 11, .channels = 24, .outputs = 8, .kernel = 1, .stride = 2},
      {.images = 2, .height = 9, .width = 9, .channels = 16, .outputs = 32, .kernel = 3, .padding = 2, .dilation = 2},
      {.images = 1, .height = 9, .width = 8, .channels = 8, .outputs = 8, .kernel = 5, .stride = 3, .padding = 2},
      {.images = 1, .height = 6, .width = 6, .channels = 8, .outputs = 16, .kernel = 3, .stride = 2, .padding = 0},
      {.images = 2, .height = 31, .width = 33, .channels = 17, .outputs = 33, .kernel = 3, .padding = 1}};
  for (const Convolution& c : cases) expect_right(c, ConvolutionWay::plain, kPlain);
}

TEST(TrainingConvolution, EveryShapeInTilesIsRight) {
  const std::vector<Convolution> cases{
      {.images = 1, .height = 4, .width = 4, .channels = 16, .outputs = 16, .kernel = 3, .padding = 1},
      {.images = 3, .height = 1, .width = 2, .channels = 32, .outputs = 16, .kernel = 3, .padding = 1},
      {.images = 2, .height = 6, .width = 5, .channels = 3, .outputs = 20, .kernel = 3, .padding = 1},
      {.images = 2, .height = 9, .width = 7, .channels = 24, .outputs = 90, .kernel = 3, .padding = 1},
      {.images = 2, .height = 9, .width = 7, .channels = 48, .outputs = 32, .kernel = 3, .padding = 1},
      {.images = 2, .height = 18, .width = 23, .channels = 16, .outputs = 80, .kernel = 3, .padding = 1},
      {.images = 1, .height = 13, .width = 12, .channels = 128, .outputs = 144, .kernel = 3, .padding = 1}};
  for (const Convolution& c : cases) expect_right(c, ConvolutionWay::winograd, kTransformed);
}

TEST(TrainingConvolution, ManyShapesByChance) {
  Random random(11);
  for (int i = 0; i < 40; ++i) {
    Convolution c{.images = 1 + random.below(4),
                  .height = 1 + random.below(14),
                  .width = 1 + random.below(14),
                  .channels = 1 + random.below(40),
                  .outputs = 1 + random.below(40),
                  .kernel = 1 + 2 * random.below(3),
                  .stride = 1 + random.below(3),
                  .dilation = 1 + random.below(2)};
    c.padding = random.below(c.dilation * (c.kernel - 1) / 2 + 1);
    const int64_t reach = c.dilation * (c.kernel - 1) + 1;
    c.height += std::max<int64_t>(0, reach - c.height - 2 * c.padding);
    c.width += std::max<int64_t>(0, reach - c.width - 2 * c.padding);
    expect_right(c, ConvolutionWay::best, kTransformed);
  }
}

TEST(TrainingConvolution, TilesAreTakenWhereTheyFit) {
  const Convolution fits{.height = 16, .width = 16, .channels = 32, .outputs = 16, .kernel = 3, .padding = 1};
  EXPECT_TRUE(takes_winograd(fits));
  for (const auto change : {+[](Convolution& c) { c.stride = 2; }, +[](Convolution& c) { c.padding = 0; },
                            +[](Convolution& c) { c.dilation = 2; }, +[](Convolution& c) { c.kernel = 1; }}) {
    Convolution other = fits;
    change(other);
    EXPECT_FALSE(takes_winograd(other));
  }
}

// Enough pixels for several pieces of every kind.
TEST(TrainingConvolution, LargeMapsHaveManyPieces) {
  const Convolution c{.images = 4, .height = 40, .width = 40, .channels = 32, .outputs = 48, .kernel = 3, .padding = 1};
  for (const ConvolutionWay way : {ConvolutionWay::plain, ConvolutionWay::winograd}) {
    const ConvolutionKernels kernels = best_convolution_kernels();
    EXPECT_GT(ConvolutionPass::forward(c, kernels, way).pieces(), 4);
    EXPECT_GT(WeightGradient(c, kernels, way).pieces(), 2);
    expect_right(c, way, way == ConvolutionWay::plain ? kPlain : kTransformed);
  }
}

}  // namespace
}  // namespace spinenet::kernels
