// The loops on bytes against plain ones, exactly, on every instruction set that this machine has.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <functional>
#include <map>
#include <vector>

#include <gtest/gtest.h>

#include "base/random.h"
#include "kernels/kernels.h"

namespace spinenet::kernels {
namespace {

uint8_t random_byte(Random& random) {
  return static_cast<uint8_t>(random.below(256));
}

// The largest numbers too: pairs of them overflow 16 bits.
struct ProductCase {
  int64_t rows = 0, k = 0, columns = 0;
  bool extreme = false;
};

void expect_exact_product(const Kernels& kernels, const ProductCase& size, Random& random) {
  const int64_t panel = kernels.panel, padded = (size.columns + panel - 1) / panel * panel;
  const int64_t stride = size.k + 16;
  std::vector<uint8_t> a(static_cast<size_t>(size.rows * stride));
  std::vector<int8_t> b(static_cast<size_t>(padded * size.k + 64));
  for (uint8_t& x : a) x = size.extreme ? uint8_t{255} : random_byte(random);
  for (int8_t& x : b) x = size.extreme ? int8_t{-127} : static_cast<int8_t>(random_byte(random));
  std::vector<int32_t> c(static_cast<size_t>(size.rows * size.columns), -1);
  kernels.quantized_multiply({.a = a.data(),
                              .a_stride = stride,
                              .rows = size.rows,
                              .k = size.k,
                              .b = b.data(),
                              .c = c.data(),
                              .c_stride = size.columns,
                              .columns = size.columns});
  for (int64_t r = 0; r < size.rows; ++r) {
    for (int64_t n = 0; n < size.columns; ++n) {
      int32_t sum = 0;
      for (int64_t k = 0; k < size.k; ++k) {
        const int64_t at = n / panel * panel * size.k + k / 4 * 4 * panel + n % panel * 4 + k % 4;
        sum += int32_t{a[static_cast<size_t>(r * stride + k)]} * b[static_cast<size_t>(at)];
      }
      ASSERT_EQ(c[static_cast<size_t>(r * size.columns + n)], sum) << kernels.name << " row " << r << " column " << n;
    }
  }
}

TEST(QuantizedKernels, MultiplyExactly) {
  Random random(7);
  for (const Kernels& kernels : all_kernels()) {
    for (const ProductCase& size : {ProductCase{1, 16, 16}, {5, 32, 48}, {14, 144, 64}, {29, 80, 32}, {113, 16, 16}}) {
      expect_exact_product(kernels, size, random);
    }
    expect_exact_product(kernels, {15, 2304, 48, true}, random);
  }
}

TEST(QuantizedKernels, MultiplyPairsExactly) {
  Random random(11);
  for (const Kernels& kernels : all_kernels()) {
    for (const ProductCase& size : {ProductCase{1, 16, 16}, {14, 32, 48}, {29, 80, 64}, {56, 256, 32}}) {
      const int64_t panel = kernels.panel, padded = (size.columns + panel - 1) / panel * panel;
      std::vector<int16_t> a(static_cast<size_t>(size.rows * size.k)), b(static_cast<size_t>(padded * size.k + 64));
      for (int16_t& x : a) x = static_cast<int16_t>(random.below(51001) - 25500);
      for (int16_t& x : b) x = static_cast<int16_t>(random.below(601) - 300);
      std::vector<int32_t> c(static_cast<size_t>(size.rows * size.columns), -1);
      kernels.pair_multiply({.a = a.data(),
                             .a_stride = size.k,
                             .rows = size.rows,
                             .k = size.k,
                             .b = b.data(),
                             .c = c.data(),
                             .c_stride = size.columns,
                             .columns = size.columns});
      for (int64_t r = 0; r < size.rows; ++r) {
        for (int64_t n = 0; n < size.columns; ++n) {
          int32_t sum = 0;
          for (int64_t k = 0; k < size.k; ++k) {
            const int64_t at = n / panel * panel * size.k + k / 2 * 2 * panel + n % panel * 2 + k % 2;
            sum += int32_t{a[static_cast<size_t>(r * size.k + k)]} * b[static_cast<size_t>(at)];
          }
          ASSERT_EQ(c[static_cast<size_t>(r * size.columns + n)], sum) << kernels.name << " " << r << " " << n;
        }
      }
    }
  }
}

TEST(Bf16Kernels, MultiplyWhatTheyRoundToTheNearest) {
  const Kernels& kernels = all_kernels().front();
  if (kernels.bf16_multiply == nullptr) GTEST_SKIP() << "this processor has no bf16";
  constexpr int64_t kRows = 17, kDepth = 48, kColumns = 48, kPanel = 32;
  Random random(12);
  const auto bf16_of = [&](std::vector<float>& floats) {
    for (float& x : floats) x = static_cast<float>(random.uniform(-1, 1));
    std::vector<uint16_t> values(floats.size());
    kernels.to_bf16(floats.data(), static_cast<int64_t>(floats.size()), values.data());
    for (size_t i = 0; i < floats.size(); ++i) {
      const uint32_t bits = uint32_t{values[i]} << 16;
      float rounded = 0;
      std::memcpy(&rounded, &bits, sizeof rounded);
      EXPECT_LE(std::abs(rounded - floats[i]), std::abs(floats[i]) / 256);
      floats[i] = rounded;
    }
    return values;
  };
  std::vector<float> a(kRows * kDepth), b(2 * kPanel * kDepth), c(kRows * kColumns);
  const std::vector<uint16_t> short_a = bf16_of(a), short_b = bf16_of(b);
  kernels.bf16_multiply({short_a.data(), kDepth, kRows, kDepth, short_b.data(), c.data(), kColumns, kColumns});
  for (int64_t r = 0; r < kRows; ++r) {
    for (int64_t n = 0; n < kColumns; ++n) {
      double sum = 0;
      for (int64_t k = 0; k < kDepth; ++k) {
        const int64_t at = n / kPanel * kPanel * kDepth + k / 2 * 2 * kPanel + n % kPanel * 2 + k % 2;
        sum += static_cast<double>(a[static_cast<size_t>(r * kDepth + k)]) * b[static_cast<size_t>(at)];
      }
      EXPECT_NEAR(c[static_cast<size_t>(r * kColumns + n)], sum, 1e-4);
    }
  }
}

float plain_number(const NumberSource& from, size_t i) {
  if (from.floats != nullptr) return from.floats[i];
  return (static_cast<float>(from.bytes[i]) - from.zero) * from.scale;
}

uint8_t plain_byte(float x, const NumberTarget& to) {
  const float scaled = std::fma(x, to.inverse_scale, to.zero);
  return static_cast<uint8_t>(std::clamp(std::nearbyint(scaled), 0.0F, 255.0F));
}

// One of 255 where the last bit of a product differs just between two bytes.
void expect_close_bytes(const std::vector<uint8_t>& found, const std::vector<uint8_t>& expected,
                        std::string_view name) {
  for (size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(found[i], expected[i], 1) << name << " " << i;
  size_t same = 0;
  for (size_t i = 0; i < expected.size(); ++i) same += found[i] == expected[i] ? 1 : 0;
  EXPECT_GE(same * 20, expected.size() * 19) << name;
}

TEST(QuantizedKernels, FinishSumsWithResidualsOfEitherKind) {
  constexpr size_t kColumns = 48;
  Random random(8);
  std::vector<int32_t> sums(kColumns);
  std::vector<float> scale(kColumns), shift(kColumns), residual(kColumns);
  std::vector<uint8_t> residual_bytes(kColumns);
  for (size_t c = 0; c < kColumns; ++c) {
    sums[c] = static_cast<int32_t>(random.below(20000)) - 10000;
    scale[c] = static_cast<float>(random.uniform(-1e-3, 1e-3));
    shift[c] = static_cast<float>(random.uniform(-2, 2));
    residual[c] = static_cast<float>(random.uniform(-2, 2));
    residual_bytes[c] = random_byte(random);
  }
  const NumberSource sources[] = {
      {}, {.floats = residual.data()}, {.bytes = residual_bytes.data(), .scale = 0.02F, .zero = 100}};
  const std::map<EpilogueActivation, std::function<float(float)>> activations{
      {EpilogueActivation::none, [](float x) { return x; }},
      {EpilogueActivation::relu, [](float x) { return std::max(x, 0.0F); }},
      {EpilogueActivation::swish, [](float x) { return x / (1 + std::exp(-x)); }},
      {EpilogueActivation::mish, [](float x) { return x * std::tanh(std::log1p(std::exp(x))); }},
      {EpilogueActivation::leaky_relu, [](float x) { return x < 0 ? 0.1F * x : x; }},
      {EpilogueActivation::relu6, [](float x) { return std::clamp(x, 0.0F, 6.0F); }},
      {EpilogueActivation::leaky_relu_001, [](float x) { return x < 0 ? 0.01F * x : x; }}};
  for (const Kernels& kernels : all_kernels()) {
    for (size_t i = 0; i < std::size(sources) * activations.size(); ++i) {
      const NumberSource& source = sources[i % std::size(sources)];
      const auto& [activation, plain] = *std::next(activations.begin(), static_cast<int64_t>(i / std::size(sources)));
      std::vector<uint8_t> found(kColumns), expected(kColumns);
      std::vector<float> floats(kColumns);
      FinishedPixel pixel{.sums = sums.data(),
                          .columns = kColumns,
                          .scale = scale.data(),
                          .shift = shift.data(),
                          .activation = activation,
                          .residual = source,
                          .to = {.bytes = found.data(), .inverse_scale = 20, .zero = 10}};
      kernels.finish_pixel(pixel);
      const NumberTarget bytes = pixel.to;
      pixel.to = {.floats = floats.data()};
      kernels.finish_pixel(pixel);
      for (size_t c = 0; c < kColumns; ++c) {
        float x = static_cast<float>(sums[c]) * scale[c] + shift[c];
        if (source.bytes != nullptr || source.floats != nullptr) x += plain_number(source, c);
        x = plain(x);
        EXPECT_NEAR(floats[c], x, 1e-4) << kernels.name;
        expected[c] = plain_byte(x, bytes);
      }
      expect_close_bytes(found, expected, kernels.name);
    }
  }
}

TEST(QuantizedKernels, AddMapsOfEitherKindAndSize) {
  constexpr size_t kPixels = 6, kChannels = 32;
  Random random(9);
  std::vector<uint8_t> small(kPixels / 2 * kChannels);
  std::vector<float> large(kPixels * kChannels);
  for (uint8_t& x : small) x = random_byte(random);
  for (float& x : large) x = static_cast<float>(random.uniform(-3, 3));
  const MixedTerm terms[] = {{{.bytes = small.data(), .scale = 0.03F, .zero = 20}, 2}, {{.floats = large.data()}, 1}};
  for (const Kernels& kernels : all_kernels()) {
    std::vector<uint8_t> found(kPixels * kChannels), expected(kPixels * kChannels);
    const NumberTarget to{.bytes = found.data(), .inverse_scale = 16, .zero = 128};
    kernels.mixed_row({.terms = terms, .to = to, .pixels = kPixels, .channels = kChannels});
    for (size_t i = 0; i < expected.size(); ++i) {
      const size_t x = i / kChannels, c = i % kChannels;
      expected[i] = plain_byte(plain_number(terms[0].row, x / 2 * kChannels + c) + large[i], to);
    }
    expect_close_bytes(found, expected, kernels.name);
  }
}

// Full vectors, and pixels that fill none; 3 channels side by side, and with room between. Nothing behind is touched.
class ImageRows : public testing::TestWithParam<int64_t> {};
INSTANTIATE_TEST_SUITE_P(QuantizedKernels, ImageRows, testing::Values(1, 16, 21, 32, 48));

TEST_P(ImageRows, PutTheChannelsOfAnImageSideBySide) {
  constexpr int64_t kPlane = 50;
  constexpr size_t kGuard = 64;
  const int64_t pixels = GetParam();
  Random random(11);
  std::vector<float> planes(3 * kPlane);
  for (float& x : planes) x = static_cast<float>(random.uniform(-3, 3));
  for (const Kernels& kernels : all_kernels()) {
    for (const int64_t stride : {3, 16}) {
      const auto count = static_cast<size_t>(pixels * stride);
      std::vector<uint8_t> bytes(count + kGuard, 77), expected_bytes(count + kGuard, 77);
      std::vector<float> floats(count + kGuard, 77), expected(count + kGuard, 77);
      ImageRow row{planes.data(), kPlane, 3, pixels, {.bytes = bytes.data(), .inverse_scale = 50, .zero = 100}, stride};
      kernels.image_row(row);
      for (size_t i = 0; i < count; ++i) {
        const auto pixel = static_cast<int64_t>(i) / stride, c = static_cast<int64_t>(i) % stride;
        expected[i] = c < 3 ? planes[static_cast<size_t>(c * kPlane + pixel)] : 0;
        expected_bytes[i] = plain_byte(expected[i], row.to);
      }
      row.to = {.floats = floats.data()};
      kernels.image_row(row);
      EXPECT_EQ(floats, expected) << kernels.name;
      expect_close_bytes(bytes, expected_bytes, kernels.name);
    }
  }
}

TEST(QuantizedKernels, FindTheLargestByteOfAWindow) {
  constexpr size_t kChannels = 16, kSide = 3;
  Random random(10);
  std::vector<uint8_t> map(kSide * kSide * kChannels);
  for (uint8_t& x : map) x = random_byte(random);
  for (const Kernels& kernels : all_kernels()) {
    std::vector<uint8_t> found(kChannels);
    kernels.max_byte_window({.from = map.data(),
                             .rows = kSide,
                             .columns = 2,
                             .row_stride = kSide * kChannels,
                             .pixel_stride = kChannels,
                             .channels = kChannels,
                             .to = found.data()});
    for (size_t c = 0; c < kChannels; ++c) {
      uint8_t largest = 0;
      for (size_t p = 0; p < kSide * kSide; ++p) {
        if (p % kSide < 2) largest = std::max(largest, map[p * kChannels + c]);
      }
      EXPECT_EQ(found[c], largest) << kernels.name;
    }
  }
}

}  // namespace
}  // namespace spinenet::kernels
