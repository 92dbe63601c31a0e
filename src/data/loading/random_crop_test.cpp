#include "data/loading/random_crop.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "base/error.h"
#include "data/loading/loader.h"

namespace spinenet::data {
namespace {

// Red grows to the right, green downwards, a step a pixel.
image::Image ramp(int height, int width) {
  image::Image image = image::make_image(height, width);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      image.at(y, x)[0] = static_cast<uint8_t>(x);
      image.at(y, x)[1] = static_cast<uint8_t>(y);
    }
  }
  return image;
}

struct Seen {
  double width = 0, height = 0;
};

// How much of the ramp a crop of it shows, from the colours of its edges.
Seen seen(const image::Image& image) {
  const auto span = [](int a, int b, int pixels) {
    return std::abs(a - b) * static_cast<double>(pixels) / (pixels - 1);
  };
  const int last = image.width - 1;
  return {span(image.at(0, last)[0], image.at(0, 0)[0], image.width),
          span(image.at(image.height - 1, 0)[1], image.at(0, 0)[1], image.height)};
}

TEST(RandomCrop, AreasAndRatiosStayInTheirRange) {
  const image::Image image = ramp(200, 220);
  const CropOptions options{0.2, 0.5, 1.5, 1};
  Random random(3);
  double smallest = 1;
  double largest = 0;
  for (int i = 0; i < 200; ++i) {
    const image::Image crop = random_crop(image, options, {}, 64, random);
    ASSERT_EQ(crop.height, 64);
    ASSERT_EQ(crop.width, 64);
    const Seen s = seen(crop);
    const double area = s.width * s.height / (200.0 * 220);
    EXPECT_GT(area, 0.17);
    EXPECT_LT(area, 0.54);
    EXPECT_GT(s.width / s.height, 0.62);
    EXPECT_LT(s.width / s.height, 1.6);
    smallest = std::min(smallest, area);
    largest = std::max(largest, area);
  }
  EXPECT_LT(smallest, 0.25);
  EXPECT_GT(largest, 0.45);
}

TEST(RandomCrop, TheWholeImageOfRatioOneIsLeftAlone) {
  AugmentOptions still;
  still.flip = 0;
  Random random(1);
  EXPECT_EQ(random_crop(ramp(32, 32), {1, 1, 1, 1}, still, 32, random).pixels, ramp(32, 32).pixels);
}

TEST(RandomCrop, MirrorsWithItsChance) {
  AugmentOptions options;
  options.flip = 0.25;
  Random random(1);
  int mirrored = 0;
  for (int i = 0; i < 400; ++i) {
    const image::Image crop = random_crop(ramp(32, 32), {1, 1, 1, 1}, options, 32, random);
    if (crop.at(0, 0)[0] > crop.at(0, 31)[0]) ++mirrored;
  }
  EXPECT_NEAR(mirrored, 100, 30);
}

TEST(RandomCrop, AImageNoPartFitsIntoShowsItsMiddle) {
  AugmentOptions still;
  still.flip = 0;
  Random random(1);
  const image::Image crop = random_crop(ramp(10, 200), {1, 1, 4.0 / 3, 1}, still, 64, random);
  EXPECT_NEAR(crop.at(32, 32)[0], 100, 3);
}

TEST(RandomCrop, RefusesAreasTheWrongWayRound) {
  EXPECT_THROW(check(CropOptions{0.9, 0.5, 1, 1}), Error);
}

class OneImage : public Dataset {
 public:
  int64_t size() const override { return 6; }
  LabelledImage get(int64_t index) const override {
    LabelledImage sample;
    sample.image_id = 10 + index;
    sample.image = ramp(64, 128);
    sample.label = static_cast<int>(index % 3);
    return sample;
  }
};

TEST(LoaderOfClasses, GivesLabelsAndCropsThatThreadsDoNotChange) {
  const OneImage images;
  LoaderOptions options;
  options.batch = 2;
  options.size = 32;
  options.crop = CropOptions{};
  options.threads = 3;
  Loader several(images, options);
  options.threads = 1;
  Loader one(images, options);
  for (int step = 0; step < 4; ++step) {
    const Batch batch = several.next();
    EXPECT_EQ(batch.pixels, one.next().pixels);
    for (size_t i = 0; i < 2; ++i) EXPECT_EQ(batch.image_labels[i], (batch.image_ids[i] - 10) % 3);
    EXPECT_TRUE(batch.labels.empty());
  }
}

TEST(LoaderOfClasses, MeasuresOnTheMiddle) {
  const OneImage images;
  LoaderOptions options;
  options.size = 32;
  options.train = false;
  options.crop = CropOptions{};
  options.crop->center = 0.5;
  Loader loader(images, options);
  const Batch batch = loader.next();
  const image::Normalization n;
  const auto red = [&](size_t x) { return (batch.pixels[x] * n.deviation[0] + n.mean[0]) * 255; };
  EXPECT_NEAR(red(0), 48, 0.6);
  EXPECT_NEAR(red(31), 79, 0.6);
}

}  // namespace
}  // namespace spinenet::data
