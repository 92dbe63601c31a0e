#include "data/coco/coco_stats.h"

#include <numeric>

#include <gtest/gtest.h>

namespace spinenet::data {
namespace {

detect::Annotation box(int64_t image, int64_t category, std::array<double, 4> bbox, bool crowd = false) {
  return {0, image, category, bbox, bbox[2] * bbox[3], crowd, {}};
}

detect::Annotations small_set() {
  detect::Annotations all;
  all.images = {{1, "a", 100, 200}, {2, "b", 300, 200}, {3, "c", 500, 200}};
  all.categories = {{1, "cat", ""}, {4, "dog", ""}, {9, "owl", ""}};
  all.annotations = {
      box(1, 1, {0, 0, 10, 10}),   box(1, 1, {0.1, 0, 10, 10}),  // alike
      box(1, 4, {0, 0, 10, 10}),                                 // another class
      box(1, 1, {50, 50, 3, 40}),                                // thin
      box(2, 1, {0, 0, 100, 100}), box(2, 1, {0, 0, 50, 50}),   box(2, 9, {0, 0, 90, 90}, true),
  };
  return all;
}

TEST(CocoStats, CountsOfASmallSet) {
  const DatasetStats of = stats(small_set());
  EXPECT_EQ(of.images, 3);
  EXPECT_EQ(of.images_without_boxes, 1);
  EXPECT_EQ(of.boxes, 6);
  EXPECT_EQ(of.crowds, 1);
  EXPECT_EQ(of.small, 4);
  EXPECT_EQ(of.medium, 1);
  EXPECT_EQ(of.large, 1);
  EXPECT_EQ(of.by_side[1 + 1], 4);  // 8 to 16 pixels
  EXPECT_EQ(std::accumulate(of.by_side.begin(), of.by_side.end(), int64_t{0}), of.boxes);
  EXPECT_EQ(of.tiny_boxes, 1);
  EXPECT_EQ(of.near_duplicates, 1);
  EXPECT_EQ(of.empty_classes, 1);
  EXPECT_EQ(of.imbalance, 5);
  EXPECT_EQ(of.category_id_gaps, 6);
  EXPECT_EQ(of.classes[0].boxes, 5);
  EXPECT_EQ(of.classes[0].images, 2);
  EXPECT_EQ(of.boxes_per_image.max, 4);
  EXPECT_EQ(of.boxes_per_image.median, 2);
  EXPECT_EQ(of.boxes_per_image.mean, 2);
  EXPECT_EQ(of.image_height.median, 300);
}

TEST(CocoStats, EmptySetIsAllZeros) {
  const DatasetStats of = stats({});
  EXPECT_EQ(of.boxes + of.images + of.category_id_gaps, 0);
  EXPECT_EQ(of.imbalance, 0);
  EXPECT_EQ(of.boxes_per_image.mean, 0);
}

TEST(CocoStats, ImagesOverFiveHundredBoxesAreCounted) {
  detect::Annotations all;
  all.images = {{1, "a", 1000, 1000}, {2, "b", 1000, 1000}};
  all.categories = {{1, "cat", ""}};
  for (int i = 0; i < 501; ++i) all.annotations.push_back(box(1, 1, {i * 1.0, 0, 5, 5}));
  for (int i = 0; i < 500; ++i) all.annotations.push_back(box(2, 1, {i * 1.0, 0, 5, 5}));
  EXPECT_EQ(stats(all).crowded_images, 1);
  EXPECT_EQ(stats(all).near_duplicates, 0);
}

TEST(CocoStats, JsonHasEveryFigure) {
  const Json json = to_json(stats(small_set()));
  EXPECT_EQ(json["boxes"], 6);
  EXPECT_EQ(json["by_area"]["medium"], 1);
  EXPECT_EQ(json["by_side"].size(), 10U);
  EXPECT_EQ(json["by_side"]["<4"], 0);
  EXPECT_EQ(json["by_side"]["<1024"], 0);
  EXPECT_EQ(json["by_side"][">=1024"], 0);
  EXPECT_EQ(json["classes"][1]["name"], "dog");
  EXPECT_EQ(json["near_duplicate_boxes"], 1);
}

}  // namespace
}  // namespace spinenet::data
