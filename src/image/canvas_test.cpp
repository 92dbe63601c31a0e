#include "image/canvas.h"

#include <gtest/gtest.h>

namespace spinenet::image {
namespace {

TEST(OnCanvas, PadsBelowAndOnTheRightWithTheMeanColour) {
  const Image canvas = on_canvas(make_image(2, 3, 200), 4, 5);
  ASSERT_EQ(canvas.height, 4);
  ASSERT_EQ(canvas.width, 5);
  for (int y = 0; y < 4; ++y) {
    for (int x = 0; x < 5; ++x) EXPECT_EQ(*canvas.at(y, x), y < 2 && x < 3 ? 200 : 124) << y << " " << x;
  }
  std::vector<float> values(canvas.pixels.size());
  normalize(canvas, {}, values);
  for (size_t c = 0; c < 3; ++c) EXPECT_NEAR(values[c * 20 + 19], 0, 0.02);
}

TEST(OnCanvas, IsTheImageItselfWhereItFills) {
  EXPECT_EQ(on_canvas(make_image(4, 5, 9), 4, 5).pixels, make_image(4, 5, 9).pixels);
}

TEST(Normalize, PutsChannelAfterChannel) {
  Image image = make_image(1, 2);
  image.pixels = {0, 51, 255, 255, 102, 0};
  std::vector<float> values(6);
  normalize(image, {{0, 0.2F, 0.5F}, {1, 0.1F, 0.25F}}, values);
  const std::vector<float> expected{0, 1, 0, 2, 2, -2};
  for (size_t i = 0; i < 6; ++i) EXPECT_NEAR(values[i], expected[i], 1e-6) << i;
}

}  // namespace
}  // namespace spinenet::image
