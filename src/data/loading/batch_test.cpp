#include "data/loading/batch.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace spinenet::data {
namespace {

TEST(BatchTest, PixelsArePlanesOfNormalizedValues) {
  Random random(1);
  std::vector<Prepared> prepared(2);
  for (Prepared& p : prepared) {
    p.image = image::make_image(5, 7);
    for (uint8_t& value : p.image.pixels) value = static_cast<uint8_t>(random.below(256));
  }
  prepared[1].image_id = 42;
  const std::vector<image::Image> images = {prepared[0].image, prepared[1].image};
  const image::Normalization n;
  const Batch batch = make_batch(std::move(prepared), 5, 7, n);
  ASSERT_EQ(batch.pixels.size(), 2U * 3 * 5 * 7);
  EXPECT_EQ(batch.image_ids, (std::vector<int64_t>{0, 42}));
  EXPECT_TRUE(batch.labels.empty());
  for (size_t i = 0; i < 2; ++i) {
    for (int c = 0; c < 3; ++c) {
      for (int y = 0; y < 5; ++y) {
        for (int x = 0; x < 7; ++x) {
          const auto channel = static_cast<size_t>(c);
          const float want = (static_cast<float>(images[i].at(y, x)[c]) / 255 - n.mean[channel]) / n.deviation[channel];
          EXPECT_NEAR(batch.pixels[((i * 3 + channel) * 5 + static_cast<size_t>(y)) * 7 + static_cast<size_t>(x)], want,
                      1e-5F);
        }
      }
    }
  }
}

TEST(BatchTest, MayBeEmpty) {
  const Batch batch = make_batch({}, 8, 8);
  EXPECT_EQ(batch.images, 0);
  EXPECT_TRUE(batch.pixels.empty());
}

}  // namespace
}  // namespace spinenet::data
