#include "graph/reference.h"

#include <cmath>

#include <gtest/gtest.h>

#include "arch/families.h"
#include "base/error.h"
#include "base/random.h"
#include "graph/builder.h"
#include "graph/lower.h"
#include "graph/weights.h"

namespace spinenet::graph {
namespace {

HostTensor tensor(std::vector<int64_t> shape, std::vector<float> data) {
  EXPECT_EQ(static_cast<size_t>(element_count(shape)), data.size());
  return {std::move(shape), std::move(data)};
}

// 1, 2, 3, ... in the given shape.
HostTensor counting(std::vector<int64_t> shape) {
  HostTensor t = make_tensor(std::move(shape));
  for (size_t i = 0; i < t.data.size(); ++i) t.data[i] = static_cast<float>(i + 1);
  return t;
}

HostTensor random_tensor(std::vector<int64_t> shape, uint64_t seed) {
  HostTensor t = make_tensor(std::move(shape));
  Random random(seed);
  for (float& x : t.data) x = static_cast<float>(random.uniform(-1, 1));
  return t;
}

HostTensor run_one(Builder& b, ValueId y, const Weights& weights, const HostTensor& input) {
  b.output("y", y);
  return run_reference(b.finish(), weights, input).front();
}

void expect_near(const HostTensor& a, const HostTensor& b, double tolerance) {
  ASSERT_EQ(a.shape, b.shape);
  for (size_t i = 0; i < a.data.size(); ++i) ASSERT_NEAR(a.data[i], b.data[i], tolerance) << "element " << i;
}

// A 3x3 window of ones sums what lies under it, so the padding can be read off the sums.
TEST(ReferenceConv, SumsUnderTheWindow) {
  Builder b({1, 3, 3}, {});
  const ValueId y = b.conv(b.input(), {.filters = 1, .kernel = 3}, "c");
  EXPECT_EQ(run_one(b, y, {{"c.weight", make_tensor({1, 1, 3, 3}, 1)}}, counting({1, 1, 3, 3})).data,
            (std::vector<float>{12, 21, 16, 27, 45, 33, 24, 39, 28}));
}

TEST(ReferenceConv, PadsStridedWindowsByTheRule) {
  const Weights weights{{"c.weight", make_tensor({1, 1, 3, 3}, 1)}};
  Builder symmetric({1, 4, 4}, {.padding = arch::Padding::symmetric, .batch_norm = {}});
  ValueId y = symmetric.conv(symmetric.input(), {.filters = 1, .kernel = 3, .stride = 2}, "c");
  // Windows begin at -1 and 1.
  EXPECT_EQ(run_one(symmetric, y, weights, counting({1, 1, 4, 4})).data, (std::vector<float>{14, 30, 57, 99}));
  Builder same({1, 4, 4}, {.padding = arch::Padding::same, .batch_norm = {}});
  y = same.conv(same.input(), {.filters = 1, .kernel = 3, .stride = 2}, "c");
  // Windows begin at 0 and 2; one row and column of zeros after.
  EXPECT_EQ(run_one(same, y, weights, counting({1, 1, 4, 4})).data, (std::vector<float>{54, 45, 72, 54}));
}

TEST(ReferenceConv, IsACorrelationOverAllChannelsWithBias) {
  Builder b({2, 1, 2}, {});
  const ValueId y = b.conv(b.input(), {.filters = 2, .kernel = 1, .bias = true}, "c");
  const Weights weights{{"c.weight", tensor({2, 2, 1, 1}, {1, 10, -1, 2})}, {"c.bias", tensor({2}, {0.5F, 100})}};
  EXPECT_EQ(run_one(b, y, weights, counting({1, 2, 1, 2})).data, (std::vector<float>{31.5F, 42.5F, 105, 106}));
}

TEST(ReferenceConv, DoesNotFlipItsKernel) {
  Builder b({1, 3, 3}, {});
  const ValueId y = b.conv(b.input(), {.filters = 1, .kernel = 3}, "c");
  HostTensor weight = make_tensor({1, 1, 3, 3});
  weight.data[2] = 1;  // top right
  EXPECT_EQ(run_one(b, y, {{"c.weight", weight}}, counting({1, 1, 3, 3})).data,
            (std::vector<float>{0, 0, 0, 2, 3, 0, 5, 6, 0}));
}

TEST(ReferenceConv, OfOneGroupForEachChannelSeesItsChannelAlone) {
  Builder b({2, 3, 3}, {});
  const ValueId y = b.conv(b.input(), {.filters = 2, .kernel = 3, .bias = true, .padded = false, .groups = 2}, "c");
  HostTensor weight = make_tensor({2, 1, 3, 3}, 1);
  for (size_t i = 9; i < 18; ++i) weight.data[i] = -2;
  EXPECT_EQ(run_one(b, y, {{"c.weight", weight}, {"c.bias", tensor({2}, {0, 1})}}, counting({1, 2, 3, 3})).data,
            (std::vector<float>{45, -2 * (45 + 81) + 1}));
}

// A 3x3 window of ones with a pixel between its taps.
TEST(ReferenceConv, OfADilatedKernelSumsEveryOtherPixel) {
  const Weights weights{{"c.weight", make_tensor({1, 1, 3, 3}, 1)}};
  Builder whole({1, 5, 5}, {});
  ValueId y = whole.conv(whole.input(), {.filters = 1, .kernel = 3, .padded = false, .dilation = 2}, "c");
  EXPECT_EQ(run_one(whole, y, weights, counting({1, 1, 5, 5})).data,
            (std::vector<float>{1 + 3 + 5 + 11 + 13 + 15 + 21 + 23 + 25}));
  Builder padded({1, 4, 4}, {});
  y = padded.conv(padded.input(), {.filters = 1, .kernel = 3, .dilation = 2}, "c");
  EXPECT_EQ(padded.shape(y), (Shape{1, 4, 4}));
  EXPECT_EQ(run_one(padded, y, weights, counting({1, 1, 4, 4})).data,
            (std::vector<float>{24, 28, 24, 28, 40, 44, 40, 44, 24, 28, 24, 28, 40, 44, 40, 44}));
}

// A dilated convolution is an ordinary one with zeros between its taps, however it is padded and strided.
TEST(ReferenceConv, OfADilatedKernelIsThatOfASparseOne) {
  const HostTensor small = random_tensor({4, 3, 3, 3}, 1), x = random_tensor({2, 3, 11, 11}, 2);
  HostTensor sparse = make_tensor({4, 3, 7, 7});
  for (size_t i = 0; i < small.data.size(); ++i) sparse.data[i / 9 * 49 + i / 3 % 3 * 21 + i % 3 * 3] = small.data[i];
  for (const arch::Padding padding : {arch::Padding::same, arch::Padding::symmetric}) {
    for (const int stride : {1, 2}) {
      Builder dilated({3, 11, 11}, {.padding = padding, .batch_norm = {}});
      ValueId y = dilated.conv(dilated.input(), {.filters = 4, .kernel = 3, .stride = stride, .dilation = 3}, "c");
      const HostTensor found = run_one(dilated, y, {{"c.weight", small}}, x);
      Builder ordinary({3, 11, 11}, {.padding = padding, .batch_norm = {}});
      y = ordinary.conv(ordinary.input(), {.filters = 4, .kernel = 7, .stride = stride}, "c");
      expect_near(found, run_one(ordinary, y, {{"c.weight", sparse}}, x), 1e-6);
    }
  }
}

// The whole map under one window: a dense layer.
TEST(ReferenceConv, WithoutPaddingStaysWithinTheMap) {
  Builder b({1, 4, 4}, {});
  const ValueId y = b.conv(b.input(), {.filters = 1, .kernel = 3, .padded = false}, "c");
  EXPECT_EQ(run_one(b, y, {{"c.weight", make_tensor({1, 1, 3, 3}, 1)}}, counting({1, 1, 4, 4})).data,
            (std::vector<float>{54, 63, 90, 99}));
}

TEST(ReferenceDeconv, PaintsItsKernelForEachPixel) {
  Builder b({2, 1, 2}, {});
  const ValueId y = b.deconv(b.input(), 1, true, "d");
  const Weights weights{{"d.weight", tensor({2, 1, 2, 2}, {1, 2, 3, 4, 100, 0, 0, 0})},
                        {"d.bias", tensor({1}, {0.5F})}};
  EXPECT_EQ(b.shape(y), (Shape{1, 2, 4}));
  EXPECT_EQ(run_one(b, y, weights, tensor({1, 2, 1, 2}, {1, 10, 2, 3})).data,
            (std::vector<float>{201.5F, 2.5F, 310.5F, 20.5F, 3.5F, 4.5F, 30.5F, 40.5F}));
}

TEST(ReferenceGlobalPool, IsTheMeanOrTheLargestOfEachChannel) {
  const HostTensor x = tensor({1, 2, 2, 2}, {1, 2, 3, 6, -4, -1, -2, -5});
  Builder mean({2, 2, 2}, {});
  ValueId y = mean.global_pool(mean.input(), PoolKind::average, "g");
  EXPECT_EQ(run_one(mean, y, {}, x).data, (std::vector<float>{3, -3}));
  Builder largest({2, 2, 2}, {});
  y = largest.global_pool(largest.input(), PoolKind::maximum, "g");
  EXPECT_EQ(run_one(largest, y, {}, x).data, (std::vector<float>{6, -1}));
}

TEST(ReferencePool, TakesTheLargestWithPaddingAfter) {
  Builder b({1, 4, 4}, {});
  const ValueId y = b.max_pool(b.input(), 3, 2, "p");
  HostTensor x = counting({1, 1, 4, 4});
  for (float& value : x.data) value = -value;  // padding must not win as a zero
  EXPECT_EQ(run_one(b, y, {}, x).data, (std::vector<float>{-1, -3, -9, -11}));
}

TEST(ReferencePool, OfFiveAndStrideFourBeginsAtTheFirstPixel) {
  Builder b({1, 8, 8}, {});
  const ValueId y = b.max_pool(b.input(), 5, 4, "p");
  EXPECT_EQ(run_one(b, y, {}, counting({1, 1, 8, 8})).data, (std::vector<float>{37, 40, 61, 64}));
}

TEST(ReferencePool, OfStrideOneKeepsTheSize) {
  const HostTensor x = random_tensor({2, 3, 7, 6}, 8);
  for (const int kernel : {5, 9, 13}) {
    Builder b({3, 7, 6}, {});
    const ValueId y = b.max_pool(b.input(), kernel, 1, "p");
    EXPECT_EQ(b.shape(y), (Shape{3, 7, 6}));
    const HostTensor found = run_one(b, y, {}, x);
    const int64_t reach = kernel / 2;
    for (int64_t i = 0; i < 2 * 3 * 7 * 6; ++i) {
      const int64_t row = i / 6 % 7, column = i % 6;
      float largest = -2;
      for (int64_t k = i / 42 * 42; k < i / 42 * 42 + 42; ++k) {
        const bool near = std::abs(k / 6 % 7 - row) <= reach && std::abs(k % 6 - column) <= reach;
        if (near) largest = std::max(largest, x.data[static_cast<size_t>(k)]);
      }
      EXPECT_EQ(found.data[static_cast<size_t>(i)], largest) << kernel << " " << i;
    }
  }
}

TEST(ReferencePool, WithoutPaddingDropsWhatFillsNoWindow) {
  Builder b({1, 3, 5}, {});
  const ValueId y = b.unpadded_max_pool(b.input(), 2, 2, "p");
  EXPECT_EQ(run_one(b, y, {}, counting({1, 1, 3, 5})).data, (std::vector<float>{7, 9}));
}

TEST(ReferenceAveragePool, IsTheMeanOfEachWholeWindow) {
  Builder b({2, 3, 5}, {});
  ValueId y = b.average_pool(b.input(), 2, 2, "p");
  const HostTensor x = counting({1, 2, 3, 5});
  EXPECT_EQ(run_one(b, y, {}, x).data, (std::vector<float>{4, 6, 19, 21}));
  Builder overlapping({2, 3, 5}, {});
  y = overlapping.average_pool(overlapping.input(), 3, 1, "p");
  EXPECT_EQ(run_one(overlapping, y, {}, x).data, (std::vector<float>{7, 8, 9, 22, 23, 24}));
}

TEST(ReferenceBilinearUpsample, WeighsTheNearestPixels) {
  Builder b({1, 1, 2}, {});
  ValueId y = b.bilinear_upsample(b.input(), 2, "u");
  const HostTensor x = tensor({1, 1, 1, 2}, {0, 8});
  EXPECT_EQ(run_one(b, y, {}, x).data, (std::vector<float>{0, 2, 6, 8, 0, 2, 6, 8}));
  Builder four({1, 1, 2}, {});
  y = four.bilinear_upsample(four.input(), 4, 3, 7, "u");
  EXPECT_EQ(four.shape(y), (Shape{1, 3, 7}));
  EXPECT_EQ(run_one(four, y, {}, x).data,
            (std::vector<float>{0, 0, 1, 3, 5, 7, 8, 0, 0, 1, 3, 5, 7, 8, 0, 0, 1, 3, 5, 7, 8}));
  Builder both({1, 2, 2}, {});
  y = both.bilinear_upsample(both.input(), 2, "u");
  EXPECT_EQ(run_one(both, y, {}, tensor({1, 1, 2, 2}, {0, 16, 32, 48})).data,
            (std::vector<float>{0, 4, 12, 16, 8, 12, 20, 24, 24, 28, 36, 40, 32, 36, 44, 48}));
  Builder wrong({1, 2, 2}, {});
  EXPECT_THROW(wrong.bilinear_upsample(wrong.input(), 2, 2, 4, "too_small"), Error);
}

TEST(ReferenceUpsample, RepeatsEachPixel) {
  Builder b({1, 1, 2}, {});
  const ValueId y = b.upsample(b.input(), 2, "u");
  EXPECT_EQ(run_one(b, y, {}, counting({1, 1, 1, 2})).data, (std::vector<float>{1, 1, 2, 2, 1, 1, 2, 2}));
}

TEST(ReferenceUpsample, DropsTheLastRowsAndColumns) {
  Builder b({1, 2, 2}, {});
  EXPECT_THROW(b.upsample(b.input(), 2, 2, 4, "too_small"), Error);
  EXPECT_THROW(b.upsample(b.input(), 2, 4, 5, "too_large"), Error);
  const ValueId y = b.upsample(b.input(), 2, 3, 4, "u");
  EXPECT_EQ(run_one(b, y, {}, counting({1, 1, 2, 2})).data, (std::vector<float>{1, 1, 2, 2, 1, 1, 2, 2, 3, 3, 4, 4}));
}

TEST(ReferenceBatchNorm, UsesTheRunningValues) {
  Builder b({2, 1, 1}, {.batch_norm = {0.99, 1.0}});
  const ValueId y = b.batch_norm(b.input(), "n");
  const Weights weights{{"n.weight", tensor({2}, {2, -1})},
                        {"n.bias", tensor({2}, {10, 0})},
                        {"n.running_mean", tensor({2}, {1, 5})},
                        {"n.running_var", tensor({2}, {3, 8})}};  // with epsilon 1: deviations 2 and 3
  EXPECT_EQ(run_one(b, y, weights, tensor({1, 2, 1, 1}, {5, 11})).data, (std::vector<float>{14, -2}));
}

TEST(ReferenceActivate, IsReluOrSwish) {
  const HostTensor x = tensor({1, 1, 1, 4}, {-2, 0, 1, 3});
  Builder relu({1, 1, 4}, {.activation = arch::Activation::relu, .batch_norm = {}});
  ValueId y = relu.activate(relu.input(), "a");
  EXPECT_EQ(run_one(relu, y, {}, x).data, (std::vector<float>{0, 0, 1, 3}));
  Builder swish({1, 1, 4}, {.activation = arch::Activation::swish, .batch_norm = {}});
  y = swish.activate(swish.input(), "a");
  expect_near(run_one(swish, y, {}, x), tensor({1, 1, 1, 4}, {-0.23840584F, 0, 0.73105858F, 2.85772238F}), 1e-6);
}

TEST(ReferenceActivate, CutsHardSwishAtThreeOnBothSides) {
  Builder b({1, 1, 5}, {.activation = arch::Activation::hard_swish, .batch_norm = {}});
  const ValueId y = b.activate(b.input(), "a");
  EXPECT_EQ(run_one(b, y, {}, tensor({1, 1, 1, 5}, {-4, -3, -1.5F, 1.5F, 4})).data,
            (std::vector<float>{0, 0, -0.375F, 1.125F, 4}));
}

TEST(ReferenceActivate, IsMishLeakyReluOrRelu6) {
  const HostTensor x = tensor({1, 1, 1, 7}, {-100, -2, -1, 0, 1, 3, 100});
  const auto activated = [&](arch::Activation kind) {
    Builder b({1, 1, 7}, {.activation = kind, .batch_norm = {}});
    return run_one(b, b.activate(b.input(), "a"), {}, x);
  };
  expect_near(activated(arch::Activation::mish),
              tensor({1, 1, 1, 7}, {0, -0.25250148F, -0.30340146F, 0, 0.86509839F, 2.98653500F, 100}), 1e-6);
  expect_near(activated(arch::Activation::leaky_relu), tensor({1, 1, 1, 7}, {-10, -0.2F, -0.1F, 0, 1, 3, 100}), 1e-6);
  expect_near(activated(arch::Activation::leaky_relu_001), tensor({1, 1, 1, 7}, {-1, -0.02F, -0.01F, 0, 1, 3, 100}),
              1e-6);
  EXPECT_EQ(activated(arch::Activation::relu6).data, (std::vector<float>{0, 0, 0, 0, 1, 3, 6}));
}

TEST(ReferenceSigmoid, IsSmoothOrHard) {
  Builder smooth({1, 1, 3}, {});
  ValueId y = smooth.sigmoid(smooth.input(), false, "s");
  expect_near(run_one(smooth, y, {}, tensor({1, 1, 1, 3}, {-100, 0, 1})), tensor({1, 1, 1, 3}, {0, 0.5F, 0.73105858F}),
              1e-6);
  Builder hard({1, 1, 4}, {});
  y = hard.sigmoid(hard.input(), true, "s");
  EXPECT_EQ(run_one(hard, y, {}, tensor({1, 1, 1, 4}, {-5, 0, 1.5F, 5})).data, (std::vector<float>{0, 0.5F, 0.75F, 1}));
}

TEST(ReferenceActivate, KeepsSwishFiniteFarOut) {
  Builder b({1, 1, 2}, {.activation = arch::Activation::swish, .batch_norm = {}});
  const ValueId y = b.activate(b.input(), "a");
  EXPECT_EQ(run_one(b, y, {}, tensor({1, 1, 1, 2}, {-1e4F, 1e4F})).data, (std::vector<float>{0, 1e4F}));
}

TEST(ReferenceAdd, SumsAllItsInputs) {
  Builder b({1, 1, 2}, {});
  const ValueId y = b.add({b.input(), b.input(), b.input()}, "s");
  EXPECT_EQ(run_one(b, y, {}, tensor({1, 1, 1, 2}, {1, -2})).data, (std::vector<float>{3, -6}));
}

TEST(ReferenceMean, DividesTheSumByTheNumberOfInputs) {
  Builder b({1, 1, 2}, {});
  const ValueId other = b.sigmoid(b.input(), true, "half");
  const ValueId y = b.mean({b.input(), b.input(), other}, "m");
  EXPECT_EQ(run_one(b, y, {}, tensor({1, 1, 1, 2}, {4, -4})).data, (std::vector<float>{3, -8.0F / 3}));
}

TEST(ReferenceConcat, PutsTheChannelsOfOneValueAfterThoseOfTheOther) {
  Builder b({2, 1, 2}, {});
  const ValueId largest = b.max_pool(b.conv(b.input(), {.filters = 1, .kernel = 1}, "c"), 1, 1, "p");
  const ValueId y = b.concat({largest, b.input(), largest}, "j");
  EXPECT_EQ(b.shape(y), (Shape{4, 1, 2}));
  EXPECT_EQ(run_one(b, y, {{"c.weight", tensor({1, 2, 1, 1}, {10, 1})}}, counting({2, 2, 1, 2})).data,
            (std::vector<float>{13, 24, 1, 2, 3, 4, 13, 24, 57, 68, 5, 6, 7, 8, 57, 68}));
}

TEST(ReferenceSlice, TakesChannelsOfEachImage) {
  Builder b({4, 1, 2}, {});
  const ValueId y = b.slice(b.input(), 1, 2, "s");
  EXPECT_EQ(b.shape(y), (Shape{2, 1, 2}));
  EXPECT_EQ(run_one(b, y, {}, counting({2, 4, 1, 2})).data, (std::vector<float>{3, 4, 5, 6, 11, 12, 13, 14}));
}

TEST(ReferenceScale, MultipliesEachChannelByItsGate) {
  Builder b({2, 1, 2}, {});
  const ValueId gate = b.global_pool(b.input(), PoolKind::maximum, "gate");
  const ValueId y = b.scale(b.input(), gate, "s");
  EXPECT_EQ(run_one(b, y, {}, tensor({2, 2, 1, 2}, {1, 2, 3, 4, 5, 6, -1, -8})).data,
            (std::vector<float>{2, 4, 12, 16, 30, 36, 1, 8}));
}

TEST(ReferenceDropPath, IsTheIdentityInInference) {
  Builder b({1, 1, 2}, {});
  const ValueId y = b.drop_path(b.input(), 0.5, "d");
  EXPECT_NE(y, b.input());
  EXPECT_EQ(run_one(b, y, {}, tensor({1, 1, 1, 2}, {1, -2})).data, (std::vector<float>{1, -2}));
}

HostTensor convolved(const HostTensor& x, const HostTensor& weight) {
  Builder b({x.shape[1], x.shape[2], x.shape[3]}, {});
  const ValueId y = b.conv(b.input(), {.filters = weight.shape[0], .kernel = 3, .stride = 2}, "c");
  return run_one(b, y, {{"c.weight", weight}}, x);
}

TEST(ReferenceAlgebra, ConvolutionIsLinear) {
  const HostTensor weight = random_tensor({4, 3, 3, 3}, 1);
  const HostTensor x = random_tensor({2, 3, 8, 8}, 2);
  const HostTensor z = random_tensor({2, 3, 8, 8}, 3);
  HostTensor mixed = x;
  for (size_t i = 0; i < mixed.data.size(); ++i) mixed.data[i] = 2 * x.data[i] - 3 * z.data[i];
  HostTensor expected = convolved(x, weight);
  const HostTensor second = convolved(z, weight);
  for (size_t i = 0; i < expected.data.size(); ++i) expected.data[i] = 2 * expected.data[i] - 3 * second.data[i];
  expect_near(convolved(mixed, weight), expected, 1e-5);
}

// A 1x1 convolution looks at one pixel, so it may stand before or after the copying of pixels.
TEST(ReferenceAlgebra, UpsamplingCommutesWithA1x1Convolution) {
  const Weights weights{{"c.weight", random_tensor({5, 3, 1, 1}, 4)}};
  const HostTensor x = random_tensor({1, 3, 4, 6}, 5);
  Builder before({3, 4, 6}, {});
  ValueId y = before.upsample(before.conv(before.input(), {.filters = 5}, "c"), 4, "u");
  const HostTensor first = run_one(before, y, weights, x);
  Builder after({3, 4, 6}, {});
  y = after.conv(after.upsample(after.input(), 4, "u"), {.filters = 5}, "c");
  EXPECT_EQ(first.data, run_one(after, y, weights, x).data);
}

// Channels `first` to `end` of a map of `channels`, as the kernel of a 1x1 convolution.
HostTensor slice_kernel(int64_t first, int64_t end, int64_t channels) {
  HostTensor kernel = make_tensor({end - first, channels, 1, 1});
  for (int64_t c = first; c < end; ++c) kernel.data[static_cast<size_t>((c - first) * channels + c)] = 1;
  return kernel;
}

TEST(ReferenceAlgebra, ConcatenatingTheSlicesOfAMapIsTheIdentity) {
  const HostTensor x = random_tensor({2, 7, 3, 5}, 10);
  Builder b({7, 3, 5}, {});
  const ValueId y = b.concat({b.conv(b.input(), {.filters = 3}, "a"), b.conv(b.input(), {.filters = 1}, "b"),
                              b.conv(b.input(), {.filters = 3}, "c")},
                             "j");
  const Weights weights{
      {"a.weight", slice_kernel(0, 3, 7)}, {"b.weight", slice_kernel(3, 4, 7)}, {"c.weight", slice_kernel(4, 7, 7)}};
  EXPECT_EQ(run_one(b, y, weights, x).data, x.data);
}

TEST(ReferenceAlgebra, JoiningSlicesUndoesThem) {
  const HostTensor x = random_tensor({3, 9, 2, 5}, 14);
  Builder b({9, 2, 5}, {});
  const ValueId y = b.concat({b.slice(b.input(), 0, 4, "a"), b.slice(b.input(), 4, 5, "b")}, "j");
  EXPECT_EQ(run_one(b, y, {}, x).data, x.data);
}

TEST(ReferenceAlgebra, ConvolvingAConcatenationIsTheSumOfConvolvingItsParts) {
  const HostTensor x = random_tensor({1, 3, 5, 4}, 11), kernel = random_tensor({4, 5, 3, 3}, 12);
  const Weights second{{"s.weight", random_tensor({2, 3, 1, 1}, 13)}};
  HostTensor left = make_tensor({4, 3, 3, 3}), right = make_tensor({4, 2, 3, 3});
  for (int64_t o = 0; o < 4; ++o) {
    const float* from = kernel.data.data() + o * 5 * 9;
    std::copy_n(from, 3 * 9, left.data.data() + o * 3 * 9);
    std::copy_n(from + 3 * 9, 2 * 9, right.data.data() + o * 2 * 9);
  }
  Builder whole({3, 5, 4}, {});
  ValueId y = whole.concat({whole.input(), whole.conv(whole.input(), {.filters = 2}, "s")}, "j");
  y = whole.conv(y, {.filters = 4, .kernel = 3}, "k");
  Builder parts({3, 5, 4}, {});
  const ValueId of_right = parts.conv(parts.conv(parts.input(), {.filters = 2}, "s"), {.filters = 4, .kernel = 3}, "r");
  const ValueId sum = parts.add({parts.conv(parts.input(), {.filters = 4, .kernel = 3}, "l"), of_right}, "sum");
  expect_near(run_one(whole, y, {{"s.weight", second.at("s.weight")}, {"k.weight", kernel}}, x),
              run_one(parts, sum, {{"s.weight", second.at("s.weight")}, {"l.weight", left}, {"r.weight", right}}, x),
              1e-5);
}

TEST(ReferenceAlgebra, UpsamplingUndoneByAPoolIsTheIdentity) {
  Builder b({2, 4, 4}, {});
  const ValueId y = b.max_pool(b.upsample(b.input(), 2, "u"), 2, 2, "p");
  const HostTensor x = random_tensor({1, 2, 4, 4}, 6);
  EXPECT_EQ(run_one(b, y, {}, x).data, x.data);
}

TEST(ReferenceAlgebra, ImagesOfABatchDoNotMeet) {
  arch::Architecture a = arch::named_architecture("spinenet-49s");
  a.scaling.filter_size_scale = 0.1;
  a.scaling.endpoints_num_filters = 4;
  const Program program = lower_backbone(a, {.height = 128, .width = 128});
  const Weights weights = initial_weights(program, {}, 1);
  const HostTensor batch = random_tensor({2, 3, 128, 128}, 8);
  const auto together = run_reference(program, weights, batch);
  for (size_t n = 0; n < 2; ++n) {
    const size_t size = batch.data.size() / 2;
    const auto begin = batch.data.begin() + static_cast<std::ptrdiff_t>(n * size);
    const auto alone =
        run_reference(program, weights, {{1, 3, 128, 128}, {begin, begin + static_cast<std::ptrdiff_t>(size)}});
    for (size_t k = 0; k < alone.size(); ++k) {
      const size_t part = alone[k].data.size();
      const auto from = together[k].data.begin() + static_cast<std::ptrdiff_t>(n * part);
      EXPECT_TRUE(std::equal(alone[k].data.begin(), alone[k].data.end(), from)) << "level " << k + 3;
    }
  }
}

// Same weights, both ways: equal outputs while no connection goes down by more than 4.
TEST(ReferenceAlgebra, LargeDownsamplesAgreeUpToRatio4) {
  arch::Architecture a = arch::named_architecture("spinenet-49s");
  a.scaling.filter_size_scale = 0.1;
  a.scaling.endpoints_num_filters = 4;
  const auto outputs = [&](arch::LargeDownsample rule) {
    a.large_downsample = rule;
    const Program program = lower_backbone(a, {.height = 128, .width = 128});
    return run_reference(program, initial_weights(program, {}, 2), random_tensor({1, 3, 128, 128}, 9));
  };
  const auto single = outputs(arch::LargeDownsample::single_pool);
  const auto repeated = outputs(arch::LargeDownsample::repeated_pools);
  for (size_t level = 3; level <= 6; ++level) EXPECT_EQ(single[level - 3].data, repeated[level - 3].data) << level;
  EXPECT_EQ(single[4].shape, repeated[4].shape);  // P7 has the one connection of ratio 8
}

TEST(RunReference, NamesWhatDoesNotFit) {
  Builder b({3, 8, 8}, {});
  b.output("y", b.conv(b.input(), {.filters = 2}, "c"));
  const Program program = b.finish();
  const Weights weights = initial_weights(program, {}, 1);
  EXPECT_THROW(run_reference(program, {}, make_tensor({1, 3, 8, 8})), Error);
  EXPECT_THROW(run_reference(program, weights, make_tensor({1, 3, 8, 9})), Error);
  EXPECT_THROW(run_reference(program, weights, make_tensor({3, 8, 8})), Error);
  try {
    run_reference(program, weights, make_tensor({1, 4, 8, 8}));
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("input [1, 4, 8, 8] where [N, 3, 8, 8] is needed"), std::string::npos)
        << error.what();
  }
  EXPECT_EQ(run_reference(program, weights, make_tensor({0, 3, 8, 8})).front().shape,
            (std::vector<int64_t>{0, 2, 8, 8}));
}

}  // namespace
}  // namespace spinenet::graph
