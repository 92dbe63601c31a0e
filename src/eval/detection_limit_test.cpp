#include "eval/detection_limit.h"

#include <gtest/gtest.h>

namespace spinenet::eval {
namespace {

detect::Annotations annotations_with(int64_t image, int objects) {
  detect::Annotations annotations;
  annotations.images = {{1, "a.png", 10, 10}, {2, "b.png", 10, 10}};
  annotations.categories = {{3, "apple", ""}, {7, "pear", ""}};
  for (int i = 0; i < objects; ++i) {
    detect::Annotation annotation;
    annotation.id = i + 1;
    annotation.image_id = image;
    annotation.category_id = 3;
    annotations.annotations.push_back(annotation);
  }
  return annotations;
}

std::vector<detect::Result> results_of(int64_t image, int64_t category, int count) {
  detect::Result result;
  result.image_id = image;
  result.category_id = category;
  return std::vector<detect::Result>(static_cast<size_t>(count), result);
}

TEST(DetectionLimit, CountsResultsOfEachImageAndCategory) {
  std::vector<detect::Result> results = results_of(1, 3, 5);
  const auto more = results_of(1, 7, 4), other = results_of(2, 3, 3), unknown = results_of(2, 99, 50);
  for (const auto& some : {more, other, unknown}) results.insert(results.end(), some.begin(), some.end());
  const BeyondLimit beyond = beyond_limit(annotations_with(1, 2), results, 3);
  EXPECT_EQ(beyond.images, 1);
  EXPECT_EQ(beyond.results, 2 + 1);
  EXPECT_EQ(beyond.crowded_images, 0);
  const std::string text = to_text(beyond, 3);
  EXPECT_NE(text.find("1 image has more than 3 results of one category: 3 of"), std::string::npos) << text;
  EXPECT_NE(text.find("--max-detections"), std::string::npos) << text;
}

TEST(DetectionLimit, WithoutCategoriesAllResultsOfAnImageCountTogether) {
  std::vector<detect::Result> results = results_of(1, 3, 3);
  const auto more = results_of(1, 7, 2), other = results_of(2, 3, 3), unknown = results_of(2, 99, 50);
  for (const auto& some : {more, other, unknown}) results.insert(results.end(), some.begin(), some.end());
  EXPECT_EQ(beyond_limit(annotations_with(1, 2), results, 3).results, 0);
  const BeyondLimit beyond = beyond_limit(annotations_with(1, 2), results, 3, false);
  EXPECT_EQ(beyond.images, 1);
  EXPECT_EQ(beyond.results, 2);
  EXPECT_TRUE(to_text(beyond, 3).starts_with("1 image has more than 3 results: 2 of")) << to_text(beyond, 3);
}

TEST(DetectionLimit, CountsCrowdedImagesButNoCrowdRegions) {
  detect::Annotations annotations = annotations_with(2, 4);
  EXPECT_EQ(beyond_limit(annotations, {}, 3).crowded_images, 0) << "no matter for results that are there";
  BeyondLimit beyond;
  add_crowded_images(annotations, 3, beyond);
  EXPECT_EQ(beyond.crowded_images, 1);
  EXPECT_EQ(beyond.most_objects, 4);
  annotations.annotations[0].crowd = true;
  BeyondLimit without;
  add_crowded_images(annotations, 3, without);
  EXPECT_EQ(without.crowded_images, 0);
}

TEST(DetectionLimit, TheOrderOfTheResultsIsNoMatter) {
  std::vector<detect::Result> results;
  for (int i = 0; i < 5; ++i) {
    for (const int64_t image : {1, 2}) {
      for (const int64_t category : {3, 7, 99}) {
        if (i < (image == 1 ? 5 : 4) - (category == 7 ? 1 : 0)) results.push_back(results_of(image, category, 1)[0]);
      }
    }
  }
  const BeyondLimit beyond = beyond_limit(annotations_with(1, 2), results, 3);
  EXPECT_EQ(beyond.images, 2);
  EXPECT_EQ(beyond.results, 2 + 1 + 1);
  EXPECT_EQ(beyond_limit(annotations_with(1, 2), results, 5).results, 0);
}

TEST(DetectionLimit, ManyResultsOfAnImageWithFewOfEachCategoryAreWithinTheLimit) {
  std::vector<detect::Result> results = results_of(1, 3, 3);
  const auto other = results_of(1, 7, 3);
  results.insert(results.end(), other.begin(), other.end());
  EXPECT_EQ(beyond_limit(annotations_with(1, 2), results, 3).images, 0);
}

TEST(DetectionLimit, SaysNothingWithinTheLimit) {
  EXPECT_EQ(to_text(beyond_limit(annotations_with(1, 3), results_of(1, 3, 3), 3), 3), "");
}

}  // namespace
}  // namespace spinenet::eval
