// Products in matrix tiles: the plain body against sums written out, the instructions against the plain body.
#include "kernels/tiles.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <vector>

#include <gtest/gtest.h>

#include "base/random.h"
#include "kernels/kernels.h"

namespace spinenet::kernels {
namespace {

struct TileCase {
  int64_t rows = 1, tap_bytes = kTileBytes, columns = 16, panel = 32;
  int64_t row_bytes = kTileBytes;
  std::vector<int64_t> taps{0};
};

std::vector<TileCase> tile_cases() {
  std::vector<TileCase> cases;
  for (const int64_t panel : {16, 32}) {
    for (const int64_t rows : {1, 15, 16, 17, 31, 32, 33, 70}) {
      for (const int64_t columns : {16, 32, 48, 80, 96}) cases.push_back({rows, kTileBytes, columns, panel});
    }
    cases.push_back({40, 3 * kTileBytes, 48, panel, 5 * kTileBytes});
    cases.push_back({40, 2 * kTileBytes, 64, panel, 3 * kTileBytes, {0, 192, 640, 0, 6400}});
    cases.push_back({33, kTileBytes, 48, panel, 6, {0, 18, 300}});  // rows that begin anywhere, and overlap
  }
  return cases;
}

// What a case multiplies: bytes of A, whatever they stand for, and packed weights.
struct TileData {
  std::vector<uint8_t> a, b;

  TileData(const TileCase& c, Random& random, bool numbers) {
    const int64_t rows = (c.rows + kTileRows - 1) / kTileRows * kTileRows;
    const int64_t panels = (c.columns + c.panel - 1) / c.panel;
    a.resize(
        static_cast<size_t>((rows - 1) * c.row_bytes + *std::max_element(c.taps.begin(), c.taps.end()) + c.tap_bytes));
    b.resize(static_cast<size_t>(panels * c.panel * static_cast<int64_t>(c.taps.size()) * c.tap_bytes));
    for (std::vector<uint8_t>* bytes : {&a, &b}) {
      if (!numbers) {
        for (uint8_t& x : *bytes) x = static_cast<uint8_t>(random.below(256));
        continue;
      }
      for (size_t i = 0; i + 1 < bytes->size(); i += 2) {
        const uint16_t value = rounded_to_bf16(static_cast<float>(random.uniform(-2, 2)));
        std::memcpy(bytes->data() + i, &value, sizeof value);
      }
    }
  }
};

TileProduct product_of(const TileCase& c, const TileData& data, void* sums) {
  return {.a = data.a.data(),
          .row_bytes = c.row_bytes,
          .taps = c.taps,
          .tap_bytes = c.tap_bytes,
          .rows = c.rows,
          .b = data.b.data(),
          .b_stride = c.panel * static_cast<int64_t>(c.taps.size()) * c.tap_bytes,
          .panel = c.panel,
          .c = sums,
          .c_stride = c.columns,
          .columns = c.columns};
}

std::vector<uint32_t> sums_of(const TileKernels& tiles, const TileCase& c, const TileData& data, bool numbers) {
  const int64_t rows = (c.rows + kTileRows - 1) / kTileRows * kTileRows;
  std::vector<uint32_t> sums(static_cast<size_t>(rows * c.columns), 7);
  tiles.begin();
  (numbers ? tiles.multiply_bf16 : tiles.multiply_int8)(product_of(c, data, sums.data()));
  tiles.end();
  sums.resize(static_cast<size_t>(c.rows * c.columns));
  return sums;
}

// The byte of A, and the place in the packed weights, that byte k of a row meets in a column. `group`: steps of k that
// lie together, each of 4 / group bytes.
struct Meeting {
  const TileCase& c;
  int64_t row = 0, column = 0;

  int64_t in_a(int64_t k) const {
    return row * c.row_bytes + c.taps[static_cast<size_t>(k / c.tap_bytes)] + k % c.tap_bytes;
  }
  int64_t in_b(int64_t k) const {
    const int64_t length = static_cast<int64_t>(c.taps.size()) * c.tap_bytes;
    return column / c.panel * c.panel * length + k / 4 * 4 * c.panel + column % c.panel * 4 + k % 4;
  }
};

TEST(TileKernels, PlainBodyMultipliesBytesExactly) {
  Random random(3);
  for (const TileCase& c : tile_cases()) {
    const TileData data(c, random, false);
    const std::vector<uint32_t> sums = sums_of(plain_tile_kernels(), c, data, false);
    const int64_t length = static_cast<int64_t>(c.taps.size()) * c.tap_bytes;
    for (int64_t r = 0; r < c.rows; ++r) {
      for (int64_t n = 0; n < c.columns; ++n) {
        const Meeting at{c, r, n};
        int32_t expected = 0;
        for (int64_t k = 0; k < length; ++k) {
          expected +=
              data.a[static_cast<size_t>(at.in_a(k))] * static_cast<int8_t>(data.b[static_cast<size_t>(at.in_b(k))]);
        }
        ASSERT_EQ(static_cast<int32_t>(sums[static_cast<size_t>(r * c.columns + n)]), expected) << r << " " << n;
      }
    }
  }
}

TEST(TileKernels, PlainBodyMultipliesBf16) {
  Random random(4);
  const auto number_at = [](const std::vector<uint8_t>& bytes, int64_t at) {
    uint16_t upper;
    std::memcpy(&upper, bytes.data() + at, sizeof upper);
    return static_cast<double>(std::bit_cast<float>(uint32_t{upper} << 16));
  };
  for (const TileCase& c : tile_cases()) {
    const TileData data(c, random, true);
    const std::vector<uint32_t> sums = sums_of(plain_tile_kernels(), c, data, true);
    const int64_t length = static_cast<int64_t>(c.taps.size()) * c.tap_bytes;
    for (int64_t r = 0; r < c.rows; ++r) {
      for (int64_t n = 0; n < c.columns; ++n) {
        const Meeting at{c, r, n};
        double expected = 0;
        for (int64_t k = 0; k < length; k += 2)
          expected += number_at(data.a, at.in_a(k)) * number_at(data.b, at.in_b(k));
        const float found = std::bit_cast<float>(sums[static_cast<size_t>(r * c.columns + n)]);
        ASSERT_NEAR(found, expected, 1e-3) << r << " " << n;
      }
    }
  }
}

TEST(TileKernels, InstructionsGiveTheBitsOfThePlainBody) {
  const TileKernels* tiles = find_tile_kernels();
  if (tiles == nullptr || !tiles->permit()) GTEST_SKIP() << "this processor has no matrix tiles";
  Random random(5);
  for (const TileCase& c : tile_cases()) {
    for (const bool numbers : {false, true}) {
      TileData data(c, random, numbers);
      if (numbers) {
        // Denormal numbers of both signs count as zero.
        for (size_t i = 0; i + 1 < data.a.size(); i += 22) {
          const auto denormal = static_cast<uint16_t>(random.below(2) << 15 | (1 + random.below(127)));
          std::memcpy(data.a.data() + i, &denormal, sizeof denormal);
        }
      }
      EXPECT_EQ(sums_of(*tiles, c, data, numbers), sums_of(plain_tile_kernels(), c, data, numbers))
          << c.rows << " rows, " << c.columns << " columns in panels of " << c.panel;
    }
  }
}

TEST(TileKernels, RoundTheSameWay) {
  std::vector<float> numbers{0, -0.0F, 1, 1.00390625F, 1.01171875F, -1.00390625F, 3e38F, 65504, 1e-30F};
  Random random(6);
  while (numbers.size() % 16 != 0 || numbers.size() < 256) {
    numbers.push_back(static_cast<float>(random.uniform(-1000, 1000)));
  }
  std::vector<uint16_t> plain(numbers.size()), other(numbers.size());
  const auto count = static_cast<int64_t>(numbers.size());
  plain_tile_kernels().to_bf16(numbers.data(), count, plain.data());
  EXPECT_EQ(plain[3], 0x3F80) << "a tie goes to the even number";
  EXPECT_EQ(plain[4], 0x3F82);
  if (const TileKernels* tiles = find_tile_kernels()) {
    tiles->to_bf16(numbers.data(), count, other.data());
    EXPECT_EQ(plain, other);
  }
  EXPECT_TRUE(std::isnan(std::bit_cast<float>(uint32_t{rounded_to_bf16(NAN)} << 16)));
}

TEST(TileKernels, AreOffered) {
  const auto has = [](std::string_view name) {
    const auto all = all_kernels();
    return std::any_of(all.begin(), all.end(), [&](const Kernels& k) { return k.name == name && k.tiles != nullptr; });
  };
  EXPECT_EQ(has("amx"), find_tile_kernels() != nullptr && all_kernels().front().quantized_multiply != nullptr);
  EXPECT_EQ(has("plain_tiles"), all_kernels().size() > 1);
}

}  // namespace
}  // namespace spinenet::kernels
