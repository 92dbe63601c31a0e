#include "image/center_crop.h"

#include <gtest/gtest.h>

#include "image/resize.h"
#include "image/test_image.h"

namespace spinenet::image {
namespace {

TEST(CenterCrop, ShowsTheMiddleOfTheLongerSide) {
  const Image picture = noise_image(20, 50, 1);
  EXPECT_TRUE(same_pixels(center_crop(picture, 20, 1), crop(picture, 15, 0, 35, 20)));
}

TEST(CenterCrop, ShowsAShareOfTheShorterSide) {
  const Image picture = noise_image(40, 40, 2);
  EXPECT_TRUE(same_pixels(center_crop(picture, 20, 0.5), crop(picture, 10, 10, 30, 30)));
  EXPECT_TRUE(same_pixels(center_crop(picture, 10, 0.5), resize(crop(picture, 10, 10, 30, 30), 10, 10)));
}

TEST(CenterCrop, TinyImagesKeepAPixel) {
  const Image crop = center_crop(make_image(1, 3, 77), 8, 0.1);
  EXPECT_EQ(crop.height, 8);
  EXPECT_EQ(crop.at(7, 7)[2], 77);
}

}  // namespace
}  // namespace spinenet::image
