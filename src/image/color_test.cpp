#include "image/color.h"

#include <gtest/gtest.h>

#include "image/test_image.h"

namespace spinenet::image {
namespace {

Image one_pixel(uint8_t r, uint8_t g, uint8_t b) {
  return {1, 1, {r, g, b}};
}

template <class Change>
std::vector<uint8_t> changed(Image image, Change change, float amount) {
  change(image, amount);
  return image.pixels;
}

using Samples = std::vector<uint8_t>;

TEST(Color, TheNeutralAmountChangesNothing) {
  const Image picture = noise_image(9, 11, 1);
  EXPECT_EQ(changed(picture, adjust_brightness, 1), picture.pixels);
  EXPECT_EQ(changed(picture, adjust_contrast, 1), picture.pixels);
  EXPECT_EQ(changed(picture, adjust_saturation, 1), picture.pixels);
  EXPECT_EQ(changed(picture, adjust_hue, 0), picture.pixels);
  EXPECT_EQ(changed(picture, adjust_hue, -1), picture.pixels);
}

TEST(Color, BrightnessScalesAndStopsAtWhite) {
  EXPECT_EQ(changed(one_pixel(10, 100, 200), adjust_brightness, 1.5F), (Samples{15, 150, 255}));
  EXPECT_EQ(changed(one_pixel(10, 100, 200), adjust_brightness, 0), (Samples{0, 0, 0}));
}

TEST(Color, NoContrastIsTheMeanGrey) {
  const Image picture{1, 2, {0, 0, 0, 200, 200, 200}};
  EXPECT_EQ(changed(picture, adjust_contrast, 0), Samples(6, 100));
  EXPECT_EQ(changed(picture, adjust_contrast, 0.5F), (Samples{50, 50, 50, 150, 150, 150}));
  EXPECT_EQ(changed(picture, adjust_contrast, 5), (Samples{0, 0, 0, 255, 255, 255}));
}

TEST(Color, NoSaturationIsGreyAndGreyStaysGrey) {
  EXPECT_EQ(changed(one_pixel(255, 0, 0), adjust_saturation, 0), (Samples{76, 76, 76}));
  EXPECT_EQ(changed(one_pixel(90, 90, 90), adjust_saturation, 3), (Samples{90, 90, 90}));
}

TEST(Color, HueTurnsTheCircle) {
  const auto expect_near = [](const Samples& got, const Samples& expected) {
    for (size_t i = 0; i < 3; ++i) EXPECT_NEAR(got[i], expected[i], 6);
  };
  expect_near(changed(one_pixel(255, 0, 0), adjust_hue, 1.0F / 3), {0, 255, 0});
  expect_near(changed(one_pixel(255, 0, 0), adjust_hue, -1.0F / 3), {0, 0, 255});
  expect_near(changed(one_pixel(200, 100, 50), adjust_hue, 0.5F), {50, 150, 200});
  EXPECT_EQ(changed(one_pixel(80, 80, 80), adjust_hue, 0.4F), (Samples{80, 80, 80}));
}

TEST(Color, EmptyImagesAreLeftAlone) {
  for (const auto change : {adjust_brightness, adjust_contrast, adjust_saturation, adjust_hue}) {
    EXPECT_TRUE(changed(Image{}, change, 0.3F).empty());
  }
}

}  // namespace
}  // namespace spinenet::image
