#include "data/coco/coco_rules.h"

#include <cmath>

#include <gtest/gtest.h>

#include "base/random.h"

namespace spinenet::data {
namespace {

const detect::ImageInfo kImage{1, "a.png", 100, 200};

TEST(CocoRules, BoxesInsidePartlyAndOutside) {
  EXPECT_EQ(box_position({0, 0, 200, 100}, kImage), BoxPosition::inside);
  EXPECT_EQ(box_position({-1, -1, 202, 102}, kImage), BoxPosition::inside);
  EXPECT_EQ(box_position({-1.5, 0, 10, 10}, kImage), BoxPosition::partly);
  EXPECT_EQ(box_position({195, 95, 10, 2}, kImage), BoxPosition::partly);
  EXPECT_EQ(box_position({200, 0, 5, 5}, kImage), BoxPosition::outside);
  EXPECT_EQ(box_position({0, -5, 5, 5}, kImage), BoxPosition::outside);
}

// Clipped boxes are inside, keep an area, and clipping again changes nothing.
TEST(CocoRules, ClippingIsFinal) {
  Random random(1);
  for (int i = 0; i < 10000; ++i) {
    const Bbox box{random.uniform(-300, 300), random.uniform(-300, 300), random.uniform(0.001, 400),
                   random.uniform(0.001, 400)};
    if (box_position(box, kImage) == BoxPosition::outside) continue;
    const Bbox clipped = clip_bbox(box, kImage);
    EXPECT_EQ(box_position(clipped, kImage), BoxPosition::inside);
    EXPECT_GT(clipped[2], 0);
    EXPECT_GT(clipped[3], 0);
    const Bbox twice = clip_bbox(clipped, kImage);
    for (size_t k = 0; k < 4; ++k) EXPECT_NEAR(twice[k], clipped[k], 1e-9);
  }
}

TEST(CocoRules, PolygonAreaHasNoDirection) {
  EXPECT_EQ(polygon_area(std::vector<double>{0, 0, 10, 0, 10, 5, 0, 5}), 50);
  EXPECT_EQ(polygon_area(std::vector<double>{0, 5, 10, 5, 10, 0, 0, 0}), 50);
  EXPECT_EQ(polygon_area(std::vector<double>{0, 0, 10, 0, 0, 10}), 50);
}

TEST(CocoRules, CrossingPolygonsAreToldFromOthers) {
  EXPECT_TRUE(crosses_itself(std::vector<double>{0, 0, 10, 10, 10, 0, 0, 10}));
  EXPECT_FALSE(crosses_itself(std::vector<double>{0, 0, 10, 0, 10, 10, 0, 10}));
  EXPECT_FALSE(crosses_itself(std::vector<double>{0, 0, 10, 0, 5, 5}));
  EXPECT_FALSE(crosses_itself(std::vector<double>{0, 0, 10, 0, 10, 10, 5, 1, 0, 10})) << "concave is not crossing";
  EXPECT_FALSE(crosses_itself(std::vector<double>{0, 0, 5, 0, 10, 0, 10, 10, 5, 0, 0, 10}))
      << "touching is not crossing";
}

// Points in order of angle around a centre never cross; two of them exchanged nearly always do.
TEST(CocoRules, StarShapesDoNotCross) {
  Random random(2);
  for (int i = 0; i < 200; ++i) {
    const auto n = static_cast<size_t>(8 + random.below(60));
    std::vector<double> points;
    for (size_t k = 0; k < n; ++k) {
      const double angle = 6.283185307179586 * static_cast<double>(k) / static_cast<double>(n);
      const double radius = random.uniform(5, 6);
      points.push_back(10 + radius * std::cos(angle));
      points.push_back(10 + radius * std::sin(angle));
    }
    EXPECT_FALSE(crosses_itself(points));
    std::swap(points[0], points[n - n % 2]);
    std::swap(points[1], points[n - n % 2 + 1]);
    EXPECT_TRUE(crosses_itself(points));
  }
}

TEST(CocoRules, AreaComesFromTheMaskBeforeTheBox) {
  detect::Annotation annotation;
  annotation.bbox = {0, 0, 10, 10};
  EXPECT_EQ(geometry_area(annotation), 100);
  annotation.segmentation.polygons = {{0, 0, 10, 0, 0, 10}, {0, 0, 2, 0, 2, 2, 0, 2}};
  EXPECT_EQ(geometry_area(annotation), 54);
  annotation.segmentation.rle = {10, 10, {90, 7, 3}};
  EXPECT_EQ(geometry_area(annotation), 7);
  EXPECT_FALSE(area_is_off(100, 100.9));
  EXPECT_TRUE(area_is_off(100, 102));
}

TEST(CocoRules, UnsafeNamesSayWhy) {
  EXPECT_EQ(unsafe_file_name_reason("a/b/c.jpg"), "");
  EXPECT_EQ(unsafe_file_name_reason("..a/b..jpg"), "");
  EXPECT_NE(unsafe_file_name_reason(""), "");
  EXPECT_NE(unsafe_file_name_reason("/a"), "");
  EXPECT_NE(unsafe_file_name_reason("a/.."), "");
  EXPECT_NE(unsafe_file_name_reason("a\\..\\b"), "");
  EXPECT_NE(unsafe_file_name_reason("d:\\a"), "");
  EXPECT_NE(unsafe_file_name_reason(std::string_view("a\0b", 3)), "");
}

TEST(CocoRules, ConventionsAreSeenInTheWholeSet) {
  Random random(3);
  BoxStatistics sound;
  BoxStatistics corners;
  BoxStatistics normalised;
  for (int i = 0; i < 200; ++i) {
    const double x = random.uniform(0, 150);
    const double y = random.uniform(0, 60);
    const double w = random.uniform(5, 200 - x);
    const double h = random.uniform(5, 100 - y);
    sound.add({x, y, w, h}, kImage);
    corners.add({x, y, x + w, y + h}, kImage);
    normalised.add({x / 200, y / 100, w / 200, h / 100}, kImage);
  }
  EXPECT_FALSE(sound.look_like_corners() || sound.look_normalised());
  EXPECT_TRUE(corners.look_like_corners());
  EXPECT_FALSE(corners.look_normalised());
  EXPECT_TRUE(normalised.look_normalised());
  EXPECT_FALSE(normalised.look_like_corners());
}

}  // namespace
}  // namespace spinenet::data
