#include "detect/mask_columns.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/random.h"

namespace spinenet::detect {
namespace {

TEST(MaskColumns, AreTheRowsTransposed) {
  Random rng(5);
  for (int n = 0; n < 50; ++n) {
    const int64_t height = rng.below(7), width = rng.below(7);
    std::vector<uint8_t> rows(static_cast<size_t>(height * width)), columns(rows.size()), back(rows.size());
    for (int64_t y = 0; y < height; ++y) {
      for (int64_t x = 0; x < width; ++x) {
        const auto pixel = static_cast<uint8_t>(rng.below(3) * 7);
        rows[static_cast<size_t>(y * width + x)] = pixel;
        columns[static_cast<size_t>(x * height + y)] = pixel;
      }
    }
    const Rle rle = encode_columns(columns, height, width);
    EXPECT_EQ(rle, encode_mask(rows, height, width));
    decode_columns(rle, back);
    for (uint8_t& pixel : columns) pixel = pixel == 0 ? 0 : 1;
    EXPECT_EQ(back, columns);
  }
}

TEST(MaskColumns, RefuseRunsOfAnotherLength) {
  std::vector<uint8_t> room(6);
  EXPECT_THROW(decode_columns({2, 3, {2, 3}}, room), Error);
  EXPECT_THROW(encode_columns(room, 2, 2), Error);
}

}  // namespace
}  // namespace spinenet::detect
