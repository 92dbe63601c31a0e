#include "detect/letterbox.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace spinenet::detect {
namespace {

TEST(Letterbox, FitsTheLongerSide) {
  const Letterbox wide = fit_letterbox(300, 600, 640, 640);
  EXPECT_EQ(wide.inner_width, 640);
  EXPECT_EQ(wide.inner_height, 320);
  const Letterbox high = fit_letterbox(1000, 10, 128, 128);
  EXPECT_EQ(high.inner_height, 128);
  EXPECT_EQ(high.inner_width, 1);
}

TEST(Letterbox, StretchesEachSideByItself) {
  const Letterbox l = fit_letterbox(300, 600, 416, 608, ImageFit::stretch);
  EXPECT_EQ(l.inner_height, 416);
  EXPECT_EQ(l.inner_width, 608);
  const Box box = from_canvas(Box{304, 208, 608, 416}, l);
  EXPECT_NEAR(box.x1, 300, 1e-3);
  EXPECT_NEAR(box.y1, 150, 1e-3);
  EXPECT_NEAR(box.y2, 300, 1e-3);
}

TEST(Letterbox, KeepsAtLeastOnePixel) {
  const Letterbox thread = fit_letterbox(1, 10000, 64, 64);
  EXPECT_EQ(thread.inner_height, 1);
  EXPECT_EQ(thread.inner_width, 64);
}

TEST(Letterbox, MapsBoxesThereAndBack) {
  Random random(3);
  for (int i = 0; i < 500; ++i) {
    const auto extent = [&] { return static_cast<int>(1 + random.below(2000)); };
    const Letterbox l = fit_letterbox(extent(), extent(), extent(), extent());
    const auto x = static_cast<float>(random.uniform(0, l.width));
    const auto y = static_cast<float>(random.uniform(0, l.height));
    const Box box{x / 2, y / 2, x, y};
    const Box back = from_canvas(to_canvas(box, l), l);
    EXPECT_NEAR(back.x1, box.x1, 1e-3);
    EXPECT_NEAR(back.y1, box.y1, 1e-3);
    EXPECT_NEAR(back.x2, box.x2, 1e-3);
    EXPECT_NEAR(back.y2, box.y2, 1e-3);
    const Box whole = to_canvas({0, 0, static_cast<float>(l.width), static_cast<float>(l.height)}, l);
    EXPECT_NEAR(whole.x2, l.inner_width, 1e-2);
    EXPECT_NEAR(whole.y2, l.inner_height, 1e-2);
  }
}

TEST(Letterbox, ClipsToTheImage) {
  const Letterbox l = fit_letterbox(100, 200, 640, 640);
  EXPECT_EQ(from_canvas({-50, -50, 1000, 1000}, l), (Box{0, 0, 200, 100}));
  // All of it in the padding.
  EXPECT_EQ(from_canvas({10, 500, 20, 600}, l).area(), 0);
}

TEST(Letterbox, LeavesOutWhatDoesNotLieOnTheImage) {
  const Letterbox l = fit_letterbox(300, 600, 640, 640);  // 320 x 640 on the canvas
  const std::vector<Detection> found{{{10, 10, 50, 50}, 0, 0.9F},   {{10, 330, 50, 400}, 0, 0.8F},
                                     {{10, 320, 50, 400}, 1, 0.7F}, {{640, 10, 700, 50}, 1, 0.6F},
                                     {{10, 300, 50, 400}, 1, 0.5F}, {{-20, 10, 0, 50}, 0, 0.4F},
                                     {{30, -9, 50, -1}, 0, 0.3F},   {{30, 10, 30, 20}, 0, 0.2F}};
  const std::vector<Detection> on_image = from_canvas(found, l);
  ASSERT_EQ(on_image.size(), 2U);
  EXPECT_EQ(on_image[0].score, 0.9F);
  EXPECT_EQ(on_image[1].score, 0.5F);
  EXPECT_EQ(on_image[1].box.y2, 300);
}

}  // namespace
}  // namespace spinenet::detect
