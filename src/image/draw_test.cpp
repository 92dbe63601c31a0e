#include "image/draw.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "base/random.h"
#include "image/test_image.h"
#include "image/text.h"

namespace spinenet::image {
namespace {

constexpr DrawingOptions kAsItIs{.enlarge = false};

int count_changed(const Image& image, Color before = {}) {
  int count = 0;
  for (int y = 0; y < image.height; ++y) {
    for (int x = 0; x < image.width; ++x) count += color_at(image, y, x) == before ? 0 : 1;
  }
  return count;
}

DrawnObject box(float x1, float y1, float x2, float y2, int label = 0) {
  DrawnObject object;
  object.box = DrawnBox{x1, y1, x2, y2};
  object.label = label;
  return object;
}

DrawnObject with_name(DrawnObject object, const std::string& name) {
  object.name = name;
  return object;
}

TEST(Draw, ABoxIsItsOutlineInsideItsEdgesWithADarkRim) {
  const std::vector<DrawnObject> objects{box(4, 5, 44, 32)};
  const Image image = draw_objects(make_image(50, 60, 200), objects, {.line_width = 3, .enlarge = false}).image;
  for (int y = 0; y < 50; ++y) {
    for (int x = 0; x < 60; ++x) {
      const bool rim = x >= 3 && x < 45 && y >= 4 && y < 33;
      const bool inside = x >= 4 && x < 44 && y >= 5 && y < 32;
      const bool hollow = x >= 7 && x < 41 && y >= 8 && y < 29;
      const Color wanted = inside && !hollow ? class_color(0)
                           : rim && !inside  ? Color{90, 90, 90}
                                             : Color{200, 200, 200};
      EXPECT_EQ(color_at(image, y, x), wanted) << y << " " << x;
    }
  }
}

TEST(Draw, LinesOfSmallBoxesLeaveThemVisible) {
  for (const int side : {1, 2, 3, 5, 9, 16, 30, 60}) {
    const std::vector<DrawnObject> objects{
        box(10, 10, 10.0F + static_cast<float>(side), 10.0F + static_cast<float>(side))};
    const Image image = draw_objects(make_image(1000, 1000, 200), objects, {.line_width = 8, .enlarge = false}).image;
    int colored = 0;
    for (int y = 10; y < 10 + side; ++y) {
      for (int x = 10; x < 10 + side; ++x) colored += color_at(image, y, x) == class_color(0) ? 1 : 0;
    }
    EXPECT_GT(colored, 0);
    if (side >= 9) {
      EXPECT_LE(2 * colored, side * side + 4 * side) << side;
    }
  }
}

TEST(Draw, BoxesOutsideAreClippedAndUnboundedOnesLeftOut) {
  const float nan = std::numeric_limits<float>::quiet_NaN(), infinity = std::numeric_limits<float>::infinity();
  std::vector<DrawnObject> objects{with_name(box(-5, -5, 5, 5), "cut")};
  EXPECT_EQ(draw_objects(make_image(100, 200), objects, kAsItIs).labels, 1);
  objects = {with_name(box(500, 500, 600, 600), "a"), with_name(box(nan, 0, 9, 9), "b"),
             with_name(box(0, 0, infinity, 9), "c")};
  const Drawing drawing = draw_objects(make_image(100, 200), objects, kAsItIs);
  EXPECT_EQ(count_changed(drawing.image), 0);
  EXPECT_EQ(drawing.labels + drawing.unlabelled, 0);
  objects = {box(-1e30F, -1e30F, 1e30F, 1e30F)};
  draw_objects(make_image(100, 200), objects, kAsItIs);
}

TEST(Draw, LinesAndLettersGrowWithTheImage) {
  EXPECT_EQ(line_width(64, 64), 1);
  EXPECT_EQ(line_width(640, 640), 2);
  EXPECT_EQ(line_width(1080, 1920), 5);
  EXPECT_EQ(capital_height(64, 64), 8);
  EXPECT_GT(capital_height(1080, 1920), capital_height(640, 640));
  for (int side = 32; side < 5000; side += 100) {
    EXPECT_LE(line_width(side, side), line_width(side + 100, side + 100));
    EXPECT_LE(capital_height(side, side), capital_height(side + 100, side + 100));
  }
  const std::vector<DrawnObject> objects{box(0, 0, 2000, 2000)};
  const Image image = draw_objects(make_image(2000, 2000), objects, kAsItIs).image;
  int thickness = 0;
  while (color_at(image, 1000, thickness) == class_color(0)) ++thickness;
  EXPECT_EQ(thickness, line_width(2000, 2000));
}

TEST(Draw, SmallImagesAreEnlargedByAWholeFactor) {
  EXPECT_EQ(enlargement(480, 100), 1);
  EXPECT_EQ(enlargement(100, 479), 2);
  EXPECT_EQ(enlargement(240, 240), 2);
  EXPECT_EQ(enlargement(90, 120), 4);
  EXPECT_EQ(enlargement(1, 1), 480);
  EXPECT_EQ(enlargement(0, 0), 1);
  const std::vector<DrawnObject> objects{box(10, 20, 60, 70)};
  const Drawing drawing = draw_objects(make_image(90, 120, 200), objects, {.line_width = 1});
  EXPECT_EQ(drawing.enlarged, 4);
  EXPECT_EQ(drawing.image.height, 360);
  EXPECT_EQ(drawing.image.width, 480);
  EXPECT_EQ(color_at(drawing.image, 80, 100), class_color(0));
  EXPECT_EQ(color_at(drawing.image, 279, 239), class_color(0));
  EXPECT_EQ(color_at(drawing.image, 81, 101), (Color{200, 200, 200}));
  EXPECT_EQ(draw_objects(make_image(90, 120), objects, kAsItIs).image.height, 90);
  const Drawing reduced = draw_objects(make_image(1000, 2000), objects, {.most_side = 500});
  EXPECT_EQ(reduced.image.height, 250);
  EXPECT_EQ(reduced.image.width, 500);
}

TEST(Draw, MasksTakeThePlaceOfBoxesInColoursOfTheirOwn) {
  std::vector<DrawnObject> objects{box(10, 10, 40, 40), box(40, 10, 70, 40), box(10, 60, 40, 90, 4)};
  for (size_t i = 0; i < 2; ++i) {
    objects[i].mask = {{10 + 30 * static_cast<int>(i), 10, 30, 30}, std::vector<uint8_t>(900, 1)};
  }
  objects[2].mask = {{10, 60, 30, 30}, std::vector<uint8_t>(900, 0)};
  const Image image = draw_objects(make_image(100, 100, 200), objects, {.line_width = 2, .enlarge = false}).image;
  const Color first = color_at(image, 10, 20), second = color_at(image, 10, 60);
  EXPECT_GE(color_distance(first, second), kApart) << "both are of class 0";
  EXPECT_EQ(color_at(image, 25, 39), first);
  EXPECT_EQ(color_at(image, 25, 40), second);
  EXPECT_EQ(color_at(image, 9, 20), (Color{90, 90, 90})) << "the rim";
  EXPECT_EQ(color_at(image, 60, 20), class_color(4)) << "an empty mask shows the box";
}

TEST(Draw, WhatIsSaidOfTheWholeImageStandsInItsCorner) {
  DrawnObject said;
  said.name = "cat";
  said.detail = "0.93";
  said.label = 3;
  const Drawing drawing = draw_objects(make_image(500, 500, 200), {&said, 1});
  EXPECT_EQ(drawing.labels, 1);
  EXPECT_EQ(color_at(drawing.image, 0, 0), class_color(3));
  EXPECT_EQ(color_at(drawing.image, 499, 499), (Color{200, 200, 200}));
}

// Whatever is drawn, nothing is written outside, and every label is counted once.
TEST(Draw, RandomScenesOfEverySizeAreDrawn) {
  for (uint64_t seed = 0; seed < 40; ++seed) {
    Random random(seed);
    const int height = 1 + static_cast<int>(random.below(120)), width = 1 + static_cast<int>(random.below(120));
    std::vector<DrawnObject> objects;
    int64_t visible = 0;
    for (int i = 0; i < 30; ++i) {
      const auto side = [&](int limit) { return static_cast<float>(random.uniform(-10, limit + 10)); };
      const float x = side(width), y = side(height);
      objects.push_back(with_name(box(x, y, x + 30, y + 20, i), i % 3 == 0 ? std::string(300, 'x') : "name"));
      objects.back().detail = "0.50";
      if (i % 4 == 0)
        objects.back().mask = {{static_cast<int>(x), static_cast<int>(y), 9, 7}, std::vector<uint8_t>(63, 1)};
      visible += x + 29 > 0 && y + 19 > 0 && x < static_cast<float>(width) - 1 && y < static_cast<float>(height) - 1;
    }
    for (const bool enlarge : {false, true}) {
      const Drawing drawing = draw_objects(make_image(height, width, 90), objects, {.enlarge = enlarge});
      EXPECT_EQ(drawing.image.pixels.size(),
                static_cast<size_t>(drawing.image.height) * static_cast<size_t>(drawing.image.width) * 3);
      EXPECT_GE(drawing.labels + drawing.unlabelled, visible) << seed;
      EXPECT_LE(drawing.labels + drawing.unlabelled, 30);
      EXPECT_EQ(drawing.image.pixels,
                draw_objects(make_image(height, width, 90), objects, {.enlarge = enlarge}).image.pixels);
    }
  }
}

TEST(Draw, EmptyImagesAreLeftAlone) {
  const std::vector<DrawnObject> objects{with_name(box(0, 0, 5, 5), "cat")};
  EXPECT_TRUE(draw_objects(Image(), objects).image.pixels.empty());
  EXPECT_EQ(count_changed(draw_objects(make_image(500, 500), {}).image), 0);
}

}  // namespace
}  // namespace spinenet::image
