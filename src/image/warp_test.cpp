#include "image/warp.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/random.h"
#include "image/canvas.h"

namespace spinenet::image {
namespace {

TEST(Warp, TheInverseLeadsBack) {
  Random random(1);
  for (int i = 0; i < 200; ++i) {
    const Turn turn{random.uniform(-180, 180), random.uniform(-40, 40), random.uniform(-40, 40), random.uniform(0, 99),
                    random.uniform(0, 99)};
    if (std::abs(turn.shear_x + turn.shear_y) > 75) continue;
    const Affine there = affine_of(turn);
    const double x = random.uniform(-50, 150), y = random.uniform(-50, 150);
    const auto [moved_x, moved_y] = there.of(x, y);
    const auto [back_x, back_y] = inverse(there).of(moved_x, moved_y);
    EXPECT_NEAR(back_x, x, 1e-6);
    EXPECT_NEAR(back_y, y, 1e-6);
    const auto [center_x, center_y] = there.of(turn.center_x, turn.center_y);
    EXPECT_NEAR(center_x, turn.center_x, 1e-9);
    EXPECT_NEAR(center_y, turn.center_y, 1e-9);
  }
}

TEST(Warp, AQuarterTurnMovesEachPixelToItsPlace) {
  Random random(2);
  Image image = make_image(31, 31);
  for (uint8_t& value : image.pixels) value = static_cast<uint8_t>(random.below(256));
  const Affine turn = affine_of({.degrees = 90, .center_x = 15.5, .center_y = 15.5});
  const Image turned = warp(image, turn);
  for (int y = 0; y < 31; ++y) {
    for (int x = 0; x < 31; ++x) {
      for (int c = 0; c < 3; ++c) EXPECT_NEAR(turned.at(x, 30 - y)[c], image.at(y, x)[c], 1);
    }
  }
}

TEST(Warp, WithoutATurnEverythingStays) {
  Random random(3);
  Image image = make_image(20, 30);
  for (uint8_t& value : image.pixels) value = static_cast<uint8_t>(random.below(256));
  EXPECT_EQ(warp(image, {}).pixels, image.pixels);
  std::vector<uint8_t> mask(600);
  for (uint8_t& value : mask) value = static_cast<uint8_t>(random.below(2));
  EXPECT_EQ(warp_mask(mask, 20, 30, {}), mask);
}

TEST(Warp, CornersThatComeFromOutsideHaveTheMeanColour) {
  const Image turned = warp(make_image(40, 40, 250), affine_of({.degrees = 45, .center_x = 20, .center_y = 20}));
  for (size_t c = 0; c < 3; ++c) EXPECT_EQ(turned.at(0, 0)[c], kMeanColor[c]);
  EXPECT_EQ(turned.at(20, 20)[0], 250);
}

// A mask and an image that shows it are turned alike, to the edge's pixels.
TEST(Warp, MasksFollowTheirImages) {
  Random random(4);
  for (int i = 0; i < 30; ++i) {
    Image image = make_image(64, 64);
    std::vector<uint8_t> mask(64 * 64, 0);
    for (int y = 18; y < 46; ++y) {
      for (int x = 22; x < 40; ++x) {
        std::fill_n(image.at(y, x), 3, uint8_t{255});
        mask[static_cast<size_t>(y * 64 + x)] = 1;
      }
    }
    const Affine turn = affine_of({random.uniform(-180, 180), random.uniform(-20, 20), 0, 32, 32});
    const Image turned = warp(image, turn);
    const std::vector<uint8_t> turned_mask = warp_mask(mask, 64, 64, turn);
    int wrong = 0, seen = 0;
    for (int y = 8; y < 56; ++y) {
      for (int x = 8; x < 56; ++x) {
        const uint8_t value = turned.at(y, x)[1];
        if (value > 25 && value < 230) continue;  // the edge, or the corner's colour
        ++seen;
        wrong += (value > 128) != (turned_mask[static_cast<size_t>(y * 64 + x)] != 0) ? 1 : 0;
      }
    }
    EXPECT_GT(seen, 1500);
    EXPECT_LE(wrong, 3);
  }
}

TEST(Warp, AShearThatLeavesALineIsRefused) {
  EXPECT_THROW(inverse(Affine{1, 1, 0, 1, 1, 0}), Error);
}

}  // namespace
}  // namespace spinenet::image
