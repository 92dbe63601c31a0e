#include "kernels/norm_kernels.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/random.h"

namespace spinenet::kernels {
namespace {

// None, and each.
std::vector<std::optional<arch::Activation>> all_activations() {
  std::vector<std::optional<arch::Activation>> all{std::nullopt};
  for (const arch::Activation activation : values_of<arch::Activation>()) all.emplace_back(activation);
  return all;
}

double sigmoid(double z) {
  return 1 / (1 + std::exp(-z));
}

double value_at(std::optional<arch::Activation> kind, double z) {
  if (!kind) return z;
  switch (*kind) {
    case arch::Activation::relu:
      return std::max(z, 0.0);
    case arch::Activation::swish:
      return z * sigmoid(z);
    case arch::Activation::hard_swish:
      return z * std::min(std::max(z + 3, 0.0), 6.0) / 6;
    case arch::Activation::mish:
      return z * std::tanh(std::log1p(std::exp(z)));
    case arch::Activation::leaky_relu:
      return z < 0 ? z * static_cast<double>(arch::kLeakySlope) : z;
    case arch::Activation::relu6:
      return std::clamp(z, 0.0, 6.0);
    case arch::Activation::leaky_relu_001:
      return z < 0 ? z * static_cast<double>(arch::kSmallLeakySlope) : z;
  }
  return 0;
}

double slope_at(std::optional<arch::Activation> kind, double z) {
  if (!kind) return 1;
  switch (*kind) {
    case arch::Activation::relu:
      return z > 0 ? 1 : 0;
    case arch::Activation::swish:
      return sigmoid(z) * (1 + z * (1 - sigmoid(z)));
    case arch::Activation::hard_swish:
      return z <= -3 ? 0 : z >= 3 ? 1 : (2 * z + 3) / 6;
    case arch::Activation::mish: {
      const double gate = std::tanh(std::log1p(std::exp(z)));
      return gate + z * (1 - gate * gate) * sigmoid(z);
    }
    case arch::Activation::leaky_relu:
      return z > 0 ? 1 : static_cast<double>(arch::kLeakySlope);
    case arch::Activation::relu6:
      return z > 0 && z < 6 ? 1 : 0;
    case arch::Activation::leaky_relu_001:
      return z > 0 ? 1 : static_cast<double>(arch::kSmallLeakySlope);
  }
  return 0;
}

// Far to the left and to the right.
std::pair<float, float> far_slopes(arch::Activation kind) {
  switch (kind) {
    case arch::Activation::relu:
    case arch::Activation::swish:
    case arch::Activation::hard_swish:
    case arch::Activation::mish:
      return {0, 1};
    case arch::Activation::leaky_relu:
      return {arch::kLeakySlope, 1};
    case arch::Activation::relu6:
      return {0, 0};
    case arch::Activation::leaky_relu_001:
      return {arch::kSmallLeakySlope, 1};
  }
  return {};
}

struct Map {
  int64_t rows = 0, channels = 0;
  bool adds = false;
  std::vector<float> x, gy, mean, inverse_std, weight, bias, mean_gz, mean_gz_x, added;

  Map(int64_t row_count, int64_t channel_count, bool adds_map)
      : rows(row_count), channels(channel_count), adds(adds_map) {
    Random random(static_cast<uint64_t>(100 * rows + channels));
    const auto fill = [&](std::vector<float>& v, int64_t n, double low, double high) {
      for (int64_t i = 0; i < n; ++i) v.push_back(static_cast<float>(random.uniform(low, high)));
    };
    fill(x, rows * channels, -2, 4);
    fill(gy, rows * channels, -1, 1);
    fill(mean, channels, 0, 1);
    fill(inverse_std, channels, 0.5, 3);
    fill(weight, channels, -2, 2);
    fill(bias, channels, -1, 1);
    fill(mean_gz, channels, -1, 1);
    fill(mean_gz_x, channels, -1, 1);
    fill(added, rows * channels, -2, 2);
  }

  NormRows view(std::optional<arch::Activation> activation) const {
    return {x.data(),
            rows,
            channels,
            mean.data(),
            inverse_std.data(),
            weight.data(),
            bias.data(),
            activation,
            adds ? added.data() : nullptr};
  }
  double normalised(int64_t i) const {
    const auto c = static_cast<size_t>(i % channels);
    return (static_cast<double>(x[static_cast<size_t>(i)]) - mean[c]) * inverse_std[c];
  }
  double z(int64_t i) const {
    const auto c = static_cast<size_t>(i % channels);
    return normalised(i) * weight[c] + bias[c] + (adds ? static_cast<double>(added[static_cast<size_t>(i)]) : 0.0);
  }
};

void expect_all_near(const std::vector<float>& found, const std::vector<double>& expected, const std::string& what) {
  ASSERT_EQ(found.size(), expected.size());
  for (size_t i = 0; i < found.size(); ++i) ASSERT_NEAR(found[i], expected[i], 2e-5) << what << " at " << i;
}

void expect_sums_near(const std::vector<double>& found, const std::vector<double>& expected, const std::string& what) {
  for (size_t i = 0; i < found.size(); ++i) {
    ASSERT_NEAR(found[i], expected[i], 2e-5 * (1 + std::abs(expected[i]))) << what << " at " << i;
  }
}

std::string label_of(const NormKernels& kernels, const Map& map) {
  return std::string(kernels.name) + " " + std::to_string(map.rows) + "x" + std::to_string(map.channels) +
         (map.adds ? " and a map" : "");
}

void expect_moments(const NormKernels& kernels, const Map& map) {
  const auto channels = static_cast<size_t>(map.channels);
  std::vector<double> found(2 * channels, 1.0), expected(2 * channels, 1.0);
  kernels.add_moments(map.view({}), map.mean.data(), found.data());
  for (int64_t i = 0; i < map.rows * map.channels; ++i) {
    const size_t c = static_cast<size_t>(i) % channels;
    const double far = static_cast<double>(map.x[static_cast<size_t>(i)]) - map.mean[c];
    expected[c] += far;
    expected[c + channels] += far * far;
  }
  expect_sums_near(found, expected, label_of(kernels, map) + " moments");
}

// What a loop wrote into room for `count`, and not beyond it.
template <class Loop>
std::vector<float> written(size_t count, const Loop& loop) {
  constexpr float kUntouched = 77;
  std::vector<float> to(count + 1, kUntouched);
  loop(to.data());
  EXPECT_EQ(to.back(), kUntouched);
  to.pop_back();
  return to;
}

void expect_definition(const NormKernels& kernels, const Map& map, std::optional<arch::Activation> activation) {
  const std::string name = label_of(kernels, map);
  const auto channels = static_cast<size_t>(map.channels);
  std::vector<double> y, gz, gx, sums(2 * channels);
  for (int64_t i = 0; i < map.rows * map.channels; ++i) {
    const size_t c = static_cast<size_t>(i) % channels;
    y.push_back(value_at(activation, map.z(i)));
    gz.push_back(map.gy[static_cast<size_t>(i)] * slope_at(activation, map.z(i)));
    gx.push_back(map.weight[c] * map.inverse_std[c] *
                 (gz.back() - map.mean_gz[c] - map.normalised(i) * map.mean_gz_x[c]));
    sums[c] += gz.back();
    sums[c + channels] += gz.back() * map.normalised(i);
  }
  const NormRows rows = map.view(activation);
  expect_all_near(written(y.size(), [&](float* to) { kernels.normalise(rows, to); }), y, name + " value");
  std::vector<double> found(sums.size());
  std::vector<float> from = map.gy;
  NormRows last = rows;
  if (map.adds) {  // the gradient of z is written, and goes on from there
    from = written(gz.size(), [&](float* to) { kernels.add_gradients(rows, map.gy.data(), found.data(), to); });
    expect_all_near(from, gz, name + " gradient of the sum");
    last.activation.reset();
  } else {
    kernels.add_gradients(rows, map.gy.data(), found.data(), nullptr);
  }
  expect_sums_near(found, sums, name + " gradient's sums");
  const std::vector<float> to = written(gx.size(), [&](float* out) {
    kernels.gradient(last, from.data(), map.mean_gz.data(), map.mean_gz_x.data(), out);
  });
  expect_all_near(to, gx, name + " gradient");
}

// All instruction sets against the definition, whatever fills the lanes and the few rows, and nothing beyond it.
TEST(NormKernels, AreTheDefinitionForEveryInstructionSet) {
  ASSERT_FALSE(all_norm_kernels().empty());
  EXPECT_EQ(all_norm_kernels().back().name, "portable");
  for (const NormKernels& kernels : all_norm_kernels()) {
    for (const int64_t rows : {1, 31, 32, 33, 70}) {
      for (int64_t channels = 1; channels <= 40; ++channels) {
        for (const bool adds : {false, true}) {
          const Map map(rows, channels, adds);
          expect_moments(kernels, map);
          for (const auto activation : all_activations()) expect_definition(kernels, map, activation);
        }
      }
    }
  }
}

// One channel whose weight is nought: z is the bias.
double slope_found(const NormKernels& kernels, std::optional<arch::Activation> activation, float z) {
  const float x = 0.5F, gy = 1, zero = 0, one = 1;
  const NormRows rows{&x, 1, 1, &zero, &one, &zero, &z, activation};
  double sums[2] = {};
  kernels.add_gradients(rows, &gy, sums, nullptr);
  return sums[0];
}

TEST(NormKernels, SlopesAtTheBendsAndFarOut) {
  for (const NormKernels& kernels : all_norm_kernels()) {
    SCOPED_TRACE(kernels.name);
    EXPECT_EQ(slope_found(kernels, arch::Activation::relu, 0), 0);
    EXPECT_EQ(slope_found(kernels, arch::Activation::hard_swish, -3), 0);
    EXPECT_EQ(slope_found(kernels, arch::Activation::hard_swish, 3), 1);
    EXPECT_NEAR(slope_found(kernels, arch::Activation::swish, 0), 0.5, 1e-6);
    EXPECT_NEAR(slope_found(kernels, arch::Activation::mish, 0), 0.6, 1e-6);
    EXPECT_EQ(slope_found(kernels, arch::Activation::leaky_relu, 0), arch::kLeakySlope);
    EXPECT_EQ(slope_found(kernels, arch::Activation::leaky_relu_001, 0), arch::kSmallLeakySlope);
    EXPECT_EQ(slope_found(kernels, arch::Activation::relu6, 0), 0);
    EXPECT_EQ(slope_found(kernels, arch::Activation::relu6, 6), 0);
    for (const float far : {1e3F, 1e30F}) {
      for (const arch::Activation activation : values_of<arch::Activation>()) {
        EXPECT_EQ(slope_found(kernels, activation, -far), far_slopes(activation).first) << name_of(activation);
        EXPECT_EQ(slope_found(kernels, activation, far), far_slopes(activation).second) << name_of(activation);
      }
    }
  }
}

TEST(NormKernels, WhatIsNoNumberStaysNone) {
  const float nan = std::nanf(""), zero = 0, one = 1;
  for (const NormKernels& kernels : all_norm_kernels()) {
    for (const auto activation : all_activations()) {
      float y = 0;
      kernels.normalise({&nan, 1, 1, &zero, &one, &one, &zero, activation}, &y);
      EXPECT_TRUE(std::isnan(y));
      float gx = 0;
      kernels.gradient({&one, 1, 1, &zero, &one, &one, &one, activation}, &nan, &zero, &zero, &gx);
      EXPECT_TRUE(std::isnan(gx));
    }
  }
}

}  // namespace
}  // namespace spinenet::kernels
