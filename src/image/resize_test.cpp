#include "image/resize.h"

#include <algorithm>
#include <thread>

#include <gtest/gtest.h>

#include "image/test_image.h"

namespace spinenet::image {
namespace {

constexpr int kFar = 2'000'000'000;

double mean(const Image& image) {
  double sum = 0;
  for (const uint8_t sample : image.pixels) sum += sample;
  return sum / static_cast<double>(image.pixels.size());
}

TEST(Resize, TheSameSizeChangesNothing) {
  const Image picture = noise_image(13, 17, 1);
  EXPECT_TRUE(same_pixels(resize(picture, 13, 17), picture));
}

TEST(Resize, OneColourStaysItAtAnySize) {
  Random random(2);
  for (int i = 0; i < 60; ++i) {
    const auto side = [&] { return 1 + static_cast<int>(random.below(70)); };
    const Image result = resize(make_image(side(), side(), 137), side(), side());
    EXPECT_TRUE(std::all_of(result.pixels.begin(), result.pixels.end(), [](uint8_t v) { return v == 137; }));
    EXPECT_EQ(result.pixels.size(), static_cast<size_t>(result.height) * static_cast<size_t>(result.width) * 3);
  }
}

TEST(Resize, ShrinkingByWholeFactorsAveragesAreas) {
  const Image picture = noise_image(12, 18, 3);
  const Image small = resize(picture, 4, 6);
  for (int y = 0; y < 4; ++y) {
    for (int x = 0; x < 6; ++x) {
      for (int c = 0; c < 3; ++c) {
        double sum = 0;
        for (int dy = 0; dy < 3; ++dy) {
          for (int dx = 0; dx < 3; ++dx) sum += picture.at(3 * y + dy, 3 * x + dx)[c];
        }
        EXPECT_NEAR(small.at(y, x)[c], sum / 9, 0.51);
      }
    }
  }
}

TEST(Resize, EnlargingInterpolatesBetweenPixelCentres) {
  Image picture = make_image(1, 2, 0);
  std::fill_n(picture.at(0, 1), 3, uint8_t{100});
  const Image large = resize(picture, 3, 4);
  for (int y = 0; y < 3; ++y) {
    for (int x = 0; x < 4; ++x) EXPECT_EQ(large.at(y, x)[0], (std::array{0, 25, 75, 100})[static_cast<size_t>(x)]);
  }
}

TEST(Resize, ShrinkingOneAxisAndEnlargingTheOtherDoesNotAlias) {
  // Stripes one pixel wide vanish into grey when their axis shrinks, whatever the other does.
  Image stripes = make_image(8, 64, 0);
  for (int y = 0; y < 8; ++y) {
    for (int x = 0; x < 64; x += 2) std::fill_n(stripes.at(y, x), 3, uint8_t{255});
  }
  const Image result = resize(stripes, 16, 16);
  for (const uint8_t sample : result.pixels) EXPECT_NEAR(sample, 127.5, 1);
}

TEST(Resize, KeepsTheMeanAndMirrorsWithTheImage) {
  Random random(4);
  for (int i = 0; i < 20; ++i) {
    const Image picture =
        smooth_image(20 + static_cast<int>(random.below(40)), 20 + static_cast<int>(random.below(40)));
    const int height = 10 + static_cast<int>(random.below(80));
    const int width = 10 + static_cast<int>(random.below(80));
    const Image result = resize(picture, height, width);
    EXPECT_NEAR(mean(result), mean(picture), 3);
    EXPECT_LT(mean_difference(flip_horizontal(resize(flip_horizontal(picture), height, width)), result), 0.6);
  }
}

TEST(Resize, IsTheSameFromEveryThread) {
  const Image picture = noise_image(90, 70, 5);
  const Image expected = resize(picture, 33, 44);
  std::vector<Image> results(4);
  std::vector<std::thread> threads;
  for (Image& result : results) threads.emplace_back([&] { result = resize(picture, 33, 44); });
  for (std::thread& thread : threads) thread.join();
  for (const Image& result : results) EXPECT_TRUE(same_pixels(result, expected));
}

TEST(Resize, ImpossibleSizesAreRefused) {
  EXPECT_THROW(resize(make_image(2, 2), 0, 2), Error);
  EXPECT_THROW(resize(make_image(2, 2), 2, -1), Error);
  EXPECT_THROW(resize(Image{}, 2, 2), Error);
}

TEST(Flip, TwiceIsIdentityAndOnceMirrorsColumns) {
  Random random(6);
  for (int i = 0; i < 30; ++i) {
    const Image picture =
        noise_image(1 + static_cast<int>(random.below(20)), 1 + static_cast<int>(random.below(20)), 7);
    const Image flipped = flip_horizontal(picture);
    EXPECT_TRUE(same_pixels(flip_horizontal(flipped), picture));
    const int y = static_cast<int>(random.below(picture.height));
    const int x = static_cast<int>(random.below(picture.width));
    EXPECT_TRUE(std::equal(picture.at(y, x), picture.at(y, x) + 3, flipped.at(y, picture.width - 1 - x)));
  }
  EXPECT_TRUE(flip_horizontal(Image{}).pixels.empty());
}

TEST(Crop, TakesThePartAndRefusesWhatIsOutside) {
  const Image picture = noise_image(8, 9, 8);
  const Image part = crop(picture, 2, 3, 7, 5);
  ASSERT_EQ(part.height, 2);
  ASSERT_EQ(part.width, 5);
  for (int y = 0; y < 2; ++y) EXPECT_TRUE(std::equal(part.at(y, 0), part.at(y, 0) + 15, picture.at(y + 3, 2)));
  EXPECT_TRUE(same_pixels(crop(picture, 0, 0, 9, 8), picture));
  EXPECT_THROW(crop(picture, -1, 0, 3, 3), Error);
  EXPECT_THROW(crop(picture, 0, 0, 10, 3), Error);
  EXPECT_THROW(crop(picture, 4, 4, 4, 5), Error);
}

TEST(Pad, CroppingThePaddedImageGivesItBack) {
  const Image picture = noise_image(5, 6, 9);
  const Image padded = pad(picture, 9, 8, 114);
  EXPECT_TRUE(same_pixels(crop(padded, 0, 0, 6, 5), picture));
  EXPECT_TRUE(same_pixels(crop(padded, 6, 0, 8, 9), make_image(9, 2, 114)));
  EXPECT_TRUE(same_pixels(crop(padded, 0, 5, 8, 9), make_image(4, 8, 114)));
  EXPECT_THROW(pad(picture, 4, 8), Error);
}

TEST(Paste, WritesTheOverlapAlone) {
  const Image ground = noise_image(7, 8, 10);
  const Image patch = noise_image(4, 5, 11);
  for (int y = -6; y <= 8; ++y) {
    for (int x = -7; x <= 9; ++x) {
      Image target = ground;
      paste(patch, target, x, y);
      for (int row = 0; row < 7; ++row) {
        for (int column = 0; column < 8; ++column) {
          const bool inside = row >= y && row < y + 4 && column >= x && column < x + 5;
          const uint8_t* expected = inside ? patch.at(row - y, column - x) : ground.at(row, column);
          ASSERT_TRUE(std::equal(expected, expected + 3, target.at(row, column)));
        }
      }
    }
  }
}

TEST(Paste, FarCornersChangeNothing) {
  const Image ground = noise_image(7, 8, 10);
  Image target = ground;
  for (const int far : {kFar, -kFar}) paste(ground, target, far, 0), paste(ground, target, 0, far);
  EXPECT_TRUE(same_pixels(target, ground));
}

}  // namespace
}  // namespace spinenet::image
