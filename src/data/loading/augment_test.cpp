#include "data/loading/augment.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace spinenet::data {
namespace {

constexpr std::array<uint8_t, 3> kPaint = {255, 0, 255};

// A grey image with one box painted in a colour found nowhere else.
LabelledImage painted(int height, int width, const detect::Box& box) {
  LabelledImage sample;
  sample.image_id = 7;
  sample.image = image::make_image(height, width, 90);
  for (int y = static_cast<int>(box.y1); y < static_cast<int>(box.y2); ++y) {
    for (int x = static_cast<int>(box.x1); x < static_cast<int>(box.x2); ++x) {
      std::ranges::copy(kPaint, sample.image.at(y, x));
    }
  }
  sample.targets = {{box, 1, false}};
  return sample;
}

// How far the pixel is on the way from the ground to the paint: more than half counts.
bool is_painted(const image::Image& image, int y, int x) {
  const uint8_t* p = image.at(y, x);
  return p[0] > 173 && p[1] < 45 && p[2] > 173;
}

detect::Box painted_extent(const image::Image& image) {
  detect::Box box = {1e6F, 1e6F, 0, 0};
  for (int y = 0; y < image.height; ++y) {
    for (int x = 0; x < image.width; ++x) {
      if (!is_painted(image, y, x)) continue;
      box = {std::min(box.x1, static_cast<float>(x)), std::min(box.y1, static_cast<float>(y)),
             std::max(box.x2, static_cast<float>(x + 1)), std::max(box.y2, static_cast<float>(y + 1))};
    }
  }
  return box;
}

void expect_near(const detect::Box& a, const detect::Box& b, float limit) {
  EXPECT_NEAR(a.x1, b.x1, limit);
  EXPECT_NEAR(a.y1, b.y1, limit);
  EXPECT_NEAR(a.x2, b.x2, limit);
  EXPECT_NEAR(a.y2, b.y2, limit);
}

TEST(Augment, BoxesStayOnTheirObjects) {
  Random random(1);
  int kept = 0;
  for (int i = 0; i < 400; ++i) {
    const int height = 40 + static_cast<int>(random.below(200));
    const int width = 40 + static_cast<int>(random.below(200));
    const auto x1 = static_cast<float>(random.below(width - 20));
    const auto y1 = static_cast<float>(random.below(height - 20));
    const detect::Box box = {x1, y1, x1 + 20 + static_cast<float>(random.below(width - 19 - static_cast<int>(x1))),
                             y1 + 20 + static_cast<float>(random.below(height - 19 - static_cast<int>(y1)))};
    Random draws = Random(2).fork(static_cast<uint64_t>(i));
    const LabelledImage out = augment(painted(height, width, box), {.min_box = 4}, 96, draws);
    ASSERT_EQ(out.image.height, 96);
    ASSERT_EQ(out.image.width, 96);
    EXPECT_EQ(out.image_id, 7);
    if (out.targets.empty()) continue;
    ++kept;
    expect_near(out.targets[0].box, painted_extent(out.image), 1.01F);
  }
  EXPECT_GT(kept, 250);
}

// The object's outline as a mask of either kind.
detect::ObjectMask outline(const detect::Box& box, const image::Image& image, bool runs) {
  detect::ObjectMask mask;
  const double x1 = box.x1;
  const double y1 = box.y1;
  const double x2 = box.x2;
  const double y2 = box.y2;
  mask.shape.polygons = {{x1, y1, x2, y1, x2, y2, x1, y2}};
  if (!runs) return mask;
  mask.shape.rle = detect::rle_from_polygon(mask.shape.polygons[0], image.height, image.width);
  mask.shape.polygons.clear();
  return mask;
}

TEST(Augment, MasksStayOnTheirObjects) {
  Random random(8);
  int kept = 0;
  for (int i = 0; i < 200; ++i) {
    const int height = 60 + static_cast<int>(random.below(100));
    const int width = 60 + static_cast<int>(random.below(100));
    const detect::Box box = {10, 20, 45, 50};
    LabelledImage sample = painted(height, width, box);
    sample.targets.insert(sample.targets.begin(), {{0, 0, 1, 1}, 0, false});  // too small: its mask goes with it
    sample.masks = {outline({0, 0, 1, 1}, sample.image, i % 3 == 0), outline(box, sample.image, i % 2 == 0)};
    Random draws = Random(9).fork(static_cast<uint64_t>(i));
    const LabelledImage out = augment(std::move(sample), {.min_box = 8}, 96, draws);
    ASSERT_EQ(out.masks.size(), out.targets.size());
    if (out.targets.empty()) continue;
    ++kept;
    // Around the object, the grid is painted where the image is; between two pixels either may be right.
    const detect::Box& b = out.targets[0].box;
    const detect::Box around = detect::clip({b.x1 - 10, b.y1 - 10, b.x2 + 10, b.y2 + 10}, 96, 96);
    const std::vector<uint8_t> cells = detect::mask_target(out.masks[0], around, 28);
    int wrong = 0;
    for (int cell = 0; cell < 28 * 28; ++cell) {
      const float y = around.y1 + (static_cast<float>(cell / 28) + 0.5F) / 28 * around.height();
      const float x = around.x1 + (static_cast<float>(cell % 28) + 0.5F) / 28 * around.width();
      const bool inside = x > b.x1 + 1 && x < b.x2 - 1 && y > b.y1 + 1 && y < b.y2 - 1;
      const bool outside = x < b.x1 - 1 || x > b.x2 + 1 || y < b.y1 - 1 || y > b.y2 + 1;
      wrong += (inside && cells[static_cast<size_t>(cell)] == 0) || (outside && cells[static_cast<size_t>(cell)] != 0);
    }
    EXPECT_EQ(wrong, 0) << "image " << i;
  }
  EXPECT_GT(kept, 150);
}

TEST(Augment, WithoutChangesIsTheIdentity) {
  const LabelledImage in = painted(96, 96, {10, 20, 50, 60});
  Random random(1);
  const LabelledImage out = augment(in, {.flip = 0, .scale_min = 1, .scale_max = 1}, 96, random);
  EXPECT_EQ(out.image.pixels, in.image.pixels);
  EXPECT_EQ(out.targets[0].box, in.targets[0].box);
}

TEST(Augment, FlipsLeftAndRight) {
  Random random(1);
  const LabelledImage out =
      augment(painted(96, 96, {10, 20, 50, 60}), {.flip = 1, .scale_min = 1, .scale_max = 1}, 96, random);
  EXPECT_EQ(out.targets[0].box, (detect::Box{46, 20, 86, 60}));
  EXPECT_EQ(painted_extent(out.image), (detect::Box{46, 20, 86, 60}));
}

TEST(Augment, PadsBelowAndOnTheRightWithTheMeanColour) {
  Random random(1);
  const LabelledImage out =
      augment(painted(50, 100, {0, 0, 100, 50}), {.scale_min = 0.5, .scale_max = 0.5}, 128, random);
  EXPECT_EQ(painted_extent(out.image), (detect::Box{0, 0, 64, 32}));
  EXPECT_EQ(out.image.at(127, 127)[0], 124);
  EXPECT_EQ(out.image.at(40, 5)[1], 116);
  EXPECT_EQ(out.image.at(5, 70)[2], 104);
}

TEST(Augment, BoxesOutOfViewAreDropped) {
  LabelledImage sample = painted(100, 100, {0, 0, 100, 100});
  sample.targets = {{{0, 0, 4, 4}, 0, false}, {{96, 96, 100, 100}, 0, false}, {{0, 0, 100, 100}, 2, true}};
  for (uint64_t i = 0; i < 30; ++i) {
    Random random = Random(4).fork(i);
    const LabelledImage out = augment(sample, {.scale_min = 4, .scale_max = 4}, 50, random);
    EXPECT_LE(out.targets.size(), 2U);
    ASSERT_FALSE(out.targets.empty());
    EXPECT_TRUE(out.targets.back().crowd) << "the crowd region fills every window";
    for (const Target& target : out.targets) {
      EXPECT_GE(target.box.x1, 0);
      EXPECT_LE(target.box.x2, 50);
      EXPECT_GE(target.box.width(), 1);
    }
  }
}

TEST(Augment, TheColourChangesWithJitterAndNotTheBoxes) {
  const LabelledImage sample = painted(64, 64, {5, 5, 40, 40});
  Random plain(9);
  Random jittered(9);
  const LabelledImage a = augment(sample, {}, 64, plain);
  const LabelledImage b =
      augment(sample, {.brightness = 0.5, .contrast = 0.5, .saturation = 0.5, .hue = 0.2}, 64, jittered);
  ASSERT_EQ(a.targets.size(), b.targets.size());
  for (size_t i = 0; i < a.targets.size(); ++i) EXPECT_EQ(a.targets[i].box, b.targets[i].box);
  EXPECT_NE(a.image.pixels, b.image.pixels);
}

TEST(Augment, ExtremeImagesSurvive) {
  for (const auto& [height, width] : {std::pair{1, 1}, std::pair{1, 900}, std::pair{900, 1}, std::pair{3, 2000}}) {
    for (uint64_t i = 0; i < 20; ++i) {
      Random random = Random(6).fork(i);
      LabelledImage sample;
      sample.image = image::make_image(height, width, 200);
      sample.targets = {{{0, 0, static_cast<float>(width), static_cast<float>(height)}, 0, false}};
      const LabelledImage out = augment(std::move(sample), {.scale_min = 0.1}, 64, random);
      EXPECT_EQ(out.image.pixels.size(), 64U * 64 * 3);
    }
  }
}

TEST(Augment, ScalesThatDoNotGoTogetherAreRefused) {
  EXPECT_THROW(check(AugmentOptions{.scale_min = 2, .scale_max = 1}), Error);
  EXPECT_THROW(check(AugmentOptions{.scale_min = 0, .scale_max = 1}), Error);
  EXPECT_NO_THROW(check(AugmentOptions{}));
}

TEST(Augment, OptionsReadFromText) {
  AugmentOptions options;
  read_yaml("{scale_min: 0.8, hue: 0.1}", "test", options);
  EXPECT_EQ(options.scale_min, 0.8);
  EXPECT_EQ(options.hue, 0.1);
  EXPECT_THROW(read_yaml("{flip: 2}", "test", options), Error);
}

TEST(LetterboxTest, MapsBoxesThereAndBack) {
  Random random(3);
  for (int i = 0; i < 100; ++i) {
    const int height = 20 + static_cast<int>(random.below(300));
    const int width = 20 + static_cast<int>(random.below(300));
    const detect::Box box = {5, 3, static_cast<float>(width - 4), static_cast<float>(height - 6)};
    const Letterboxed out = letterbox(painted(height, width, box).image, 128, 128);
    EXPECT_EQ(out.image.pixels.size(), 128U * 128 * 3);
    const detect::Box there = detect::to_canvas(box, out.letterbox);
    expect_near(there, painted_extent(out.image), 1.01F);
    expect_near(detect::from_canvas(there, out.letterbox), box, 1e-3F);
  }
}

TEST(LetterboxTest, FillsTheCanvasAlongTheTighterSide) {
  const Letterboxed wide = letterbox(image::make_image(100, 200), 128, 256);
  EXPECT_EQ(wide.letterbox.scale_x, 1.28F);
  EXPECT_EQ(wide.letterbox.height, 100);
  const Letterboxed thin = letterbox(image::make_image(1, 5000), 64, 64);
  EXPECT_EQ(detect::from_canvas({0, 0, 64, 64}, thin.letterbox), (detect::Box{0, 0, 5000, 1}));
}

}  // namespace
}  // namespace spinenet::data
