#include "detect/mask_paste.h"

#include <limits>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/json.h"
#include "base/random.h"

namespace spinenet::detect {
namespace {

constexpr int kSize = 28;
constexpr Extent kPasteImage{60, 75};

// The grid of tests/parity/make_mask_oracle.py.
std::vector<float> probabilities() {
  std::vector<float> values;
  for (int y = 0; y < kSize; ++y) {
    for (int x = 0; x < kSize; ++x) values.push_back(static_cast<float>((y * 37 + x * 11 + y * x) % 64) / 63.0F);
  }
  return values;
}

TEST(PasteMask, IsDetectron2s) {
  const Json answers = read_json(std::string(SPINENET_SOURCE_DIR) + "/tests/parity/mask_oracle.json");
  const auto boxes = answers["boxes"].get<std::vector<std::array<float, 4>>>();
  const std::vector<float> grid = probabilities();
  for (size_t i = 0; i < boxes.size(); ++i) {
    const Box box{boxes[i][0], boxes[i][1], boxes[i][2], boxes[i][3]};
    EXPECT_EQ(rle_to_text(paste_mask({grid, kSize}, box, kPasteImage)), answers["pasted"][i]) << "box " << i;
  }
}

TEST(PasteMask, ASureMaskFillsItsBox) {
  const std::vector<float> sure(16, 1.0F);
  const Rle rle = paste_mask({sure, 4}, {10, 5, 30, 45}, kPasteImage, 0.2F);
  EXPECT_EQ(bounding_box(rle), (std::vector<double>{10, 5, 20, 40}));
  EXPECT_EQ(area(rle), 800U);
  const Rle whole = paste_mask({sure, 4}, {-100, -100, 200, 200}, kPasteImage);
  EXPECT_EQ(whole.counts, (std::vector<uint32_t>{0, 60 * 75}));
}

TEST(PasteMask, NeverLeavesTheBoxAndCanBeWrittenAndRead) {
  Random random(7);
  const std::vector<float> sure(kSize * kSize, 1.0F);
  for (int i = 0; i < 200; ++i) {
    const auto x = static_cast<float>(random.uniform(-20, 80));
    const auto y = static_cast<float>(random.uniform(-20, 70));
    const Box box{x, y, x + static_cast<float>(random.uniform(0, 50)), y + static_cast<float>(random.uniform(0, 50))};
    const Rle rle = paste_mask({sure, kSize}, box, kPasteImage, 0.01F);
    EXPECT_EQ(encode_mask(decode_mask(rle), kPasteImage.height, kPasteImage.width), rle);
    const PixelRect extent = pixel_extent(rle);
    if (extent.width == 0) continue;
    EXPECT_GE(static_cast<float>(extent.x) + 0.5F, box.x1);
    EXPECT_LE(static_cast<float>(extent.x + extent.width) - 0.5F, box.x2);
    EXPECT_GE(static_cast<float>(extent.y) + 0.5F, box.y1);
    EXPECT_LE(static_cast<float>(extent.y + extent.height) - 0.5F, box.y2);
  }
}

TEST(PasteMask, NothingGivesAnEmptyMask) {
  const std::vector<float> unsure(16, 0.1F);
  const std::vector<float> nan(16, std::numeric_limits<float>::quiet_NaN());
  const std::vector<float> sure(16, 1.0F);
  const std::vector<uint32_t> empty{60 * 75};
  EXPECT_EQ(paste_mask({unsure, 4}, {10, 5, 30, 45}, kPasteImage).counts, empty);
  EXPECT_EQ(paste_mask({nan, 4}, {10, 5, 30, 45}, kPasteImage).counts, empty);
  EXPECT_EQ(paste_mask({sure, 4}, {10, 5, 10, 45}, kPasteImage).counts, empty);
  EXPECT_EQ(paste_mask({sure, 4}, {100, 100, 200, 200}, kPasteImage).counts, empty);
}

TEST(PasteMask, AGridOfAnotherSizeIsRefused) {
  const std::vector<float> grid(9);
  try {
    paste_mask({grid, 4}, {0, 0, 1, 1}, kPasteImage);
    ADD_FAILURE() << "accepted";
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "mask: 9 probabilities are no grid of 4 x 4");
  }
}

}  // namespace
}  // namespace spinenet::detect
