#include "data/coco/coco_advice.h"

#include <gtest/gtest.h>

namespace spinenet::data {
namespace {

// Images of 1000 x 600 pixels, each with one box of this size.
detect::Annotations boxes_of(const std::vector<std::array<double, 2>>& sizes) {
  detect::Annotations all;
  all.categories = {{1, "cat", ""}};
  int64_t id = 0;
  for (const auto& [width, height] : sizes) {
    ++id;
    all.images.push_back({id, "image", 600, 1000});
    all.annotations.push_back({id, id, 1, {10, 10, width, height}, width * height, false, {}});
  }
  return all;
}

TEST(CocoAdvice, TheInputIsAsLargeAsTheSmallestTenthNeeds) {
  // 12 pixels at 100 / 1000 need 120, at 30 / 1000 they need 400.
  EXPECT_EQ(advice(boxes_of({{100, 100}, {100, 100}}))->image_size, 256);
  EXPECT_EQ(advice(boxes_of({{30, 30}, {30, 30}}))->image_size, 512);
}

TEST(CocoAdvice, TheInputIsNoLargerThanTheImages) {
  const DatasetAdvice of = *advice(boxes_of({{2, 2}, {2, 2}}));
  EXPECT_EQ(of.image_size, 1024);
  detect::Annotations small = boxes_of({{2, 2}, {2, 2}});
  for (detect::ImageInfo& image : small.images) image.width = image.height = 500;
  EXPECT_EQ(advice(small)->image_size, 512);
  EXPECT_NE(advice(small)->image_size_reason.find("no larger than 500"), std::string::npos);
}

TEST(CocoAdvice, AnchorsFollowTheShapes) {
  std::vector<std::array<double, 2>> sizes;
  for (int i = 0; i < 10; ++i) sizes.push_back({100, 100});
  for (int i = 0; i < 3; ++i) sizes.insert(sizes.end(), {{200, 50}, {50, 200}});
  const DatasetAdvice of = *advice(boxes_of(sizes));
  EXPECT_EQ(of.aspect_ratios, (std::vector<double>{1, 4, 0.25}));
  EXPECT_EQ(advice(boxes_of({{100, 100}, {110, 100}}))->aspect_ratios.size(), 1U);
  // 100 of 1000 pixels are 25.6 of 256: over three strides of level 3.
  EXPECT_EQ(of.anchor_size, 3);
}

TEST(CocoAdvice, NoRatioIsNamedTwice) {
  std::vector<std::array<double, 2>> sizes;
  for (int i = 0; i < 16; ++i) sizes.push_back({1.5, 25});
  for (int i = 0; i < 4; ++i) sizes.push_back({1.5, 50});
  EXPECT_EQ(advice(boxes_of(sizes))->aspect_ratios, (std::vector<double>{0.05}));
  EXPECT_EQ(advice(boxes_of({{128, 0.01}, {128, 0.02}}))->aspect_ratios, (std::vector<double>{20}));
}

TEST(CocoAdvice, TheTiniestObjectsAndTheLargestImagesOverflowNothing) {
  detect::Annotations all = boxes_of({{1e-7, 1e-7}, {1e-7, 1e-7}});
  EXPECT_EQ(advice(all)->image_size, 1024);
  for (detect::ImageInfo& image : all.images) image.width = image.height = int64_t{1} << 50;
  EXPECT_EQ(advice(all)->image_size, 1024);
}

TEST(CocoAdvice, LargeObjectsHaveLargeAnchorsUpToALimit) {
  EXPECT_EQ(advice(boxes_of({{600, 600}}))->anchor_size, 4);
}

TEST(CocoAdvice, CrowdsBoxesWithoutAreaAndOthersImagesAreLeftOut) {
  detect::Annotations all = boxes_of({{0, 10}, {10, 10}, {10, 10}});
  all.annotations[1].crowd = true;
  all.annotations[2].image_id = 77;
  EXPECT_FALSE(advice(all));
  EXPECT_FALSE(advice({}));
}

}  // namespace
}  // namespace spinenet::data
