#include "data/loading/yolo_labels.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "base/random.h"

namespace spinenet::data {
namespace {

constexpr detect::Extent kInput{64, 64};

detect::YoloAnchors two_levels() {
  return {{{8, 8}, {16, 12}, {30, 30}}, {{0, 1}, {2}}, {8, 16}, 0.213F};
}

TEST(YoloLabels, MatchTheTargetsThatAreNoCrowd) {
  const std::vector<Target> targets{{{0, 0, 60, 60}, 4, true}, {{10, 10, 18, 18}, 2}, {{30, 30, 38, 38}, 0}};
  const YoloLabels labels = label_yolo(two_levels(), kInput, targets);
  const std::vector<detect::Box> boxes{targets[1].box, targets[2].box};
  std::vector<detect::YoloMatch> expected = detect::match_yolo(two_levels(), kInput, boxes);
  ASSERT_FALSE(expected.empty());
  for (detect::YoloMatch& match : expected) ++match.box;
  EXPECT_EQ(labels.matches, expected);
}

TEST(YoloLabels, ACrowdIsIgnoredButForTheObjectsInIt) {
  Random random(3);
  size_t overlapping = 0;
  for (int round = 0; round < 50; ++round) {
    std::vector<Target> targets;
    for (int i = 0; i < 6; ++i) {
      const auto x = static_cast<float>(random.below(50)), y = static_cast<float>(random.below(50));
      const auto side = static_cast<float>(4 + random.below(40));
      targets.push_back({{x, y, x + side, y + side}, i, i < 2});
    }
    const std::vector<detect::Box> crowd{targets[0].box, targets[1].box};
    const YoloLabels labels = label_yolo(two_levels(), kInput, targets);
    for (const int64_t cell : detect::crowded_cells(two_levels(), kInput, crowd, 0.5F)) {
      const bool is_matched = std::ranges::count(labels.matches, cell, &detect::YoloMatch::cell) > 0;
      EXPECT_NE(std::ranges::binary_search(labels.ignored, cell), is_matched) << cell;
      overlapping += is_matched ? 1 : 0;
    }
    EXPECT_TRUE(std::ranges::is_sorted(labels.ignored));
  }
  EXPECT_GT(overlapping, 20U);
}

TEST(YoloLabels, OfAnImageWithoutObjectsAreEmpty) {
  EXPECT_EQ(label_yolo(two_levels(), kInput, {}), YoloLabels{});
}

}  // namespace
}  // namespace spinenet::data
