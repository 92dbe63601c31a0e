#include "detect/matcher.h"

#include <cmath>
#include <limits>
#include <set>

#include <gtest/gtest.h>

#include "base/random.h"
#include "detect/anchors.h"

namespace spinenet::detect {
namespace {

// Coordinates on a coarse grid, so that equal overlaps are common.
std::vector<Box> random_boxes(Random& random, int count) {
  std::vector<Box> boxes;
  for (int i = 0; i < count; ++i) {
    const auto x = static_cast<float>(random.below(12) * 8);
    const auto y = static_cast<float>(random.below(12) * 8);
    const auto w = static_cast<float>(random.below(8) * 8);  // some have no area
    const auto h = static_cast<float>(random.below(8) * 8);
    boxes.push_back({x, y, x + w, y + h});
  }
  return boxes;
}

std::vector<int32_t> match_slowly(const std::vector<Box>& anchors, const std::vector<Box>& boxes,
                                  const MatchOptions& options) {
  std::vector<int32_t> matches(anchors.size(), kBackground);
  for (size_t a = 0; a < anchors.size(); ++a) {
    float best = 0;
    for (size_t b = 0; b < boxes.size(); ++b) {
      if (iou(anchors[a], boxes[b]) <= best) continue;
      best = iou(anchors[a], boxes[b]);
      matches[a] = static_cast<int32_t>(b);
    }
    if (best < options.positive) matches[a] = best > 0 && best >= options.negative ? kIgnored : kBackground;
  }
  std::set<size_t> taken;
  for (size_t b = 0; options.force_match && b < boxes.size(); ++b) {
    float best = 0;
    size_t chosen = anchors.size();
    for (size_t a = 0; a < anchors.size(); ++a) {
      if (taken.contains(a) || iou(anchors[a], boxes[b]) <= best) continue;
      best = iou(anchors[a], boxes[b]);
      chosen = a;
    }
    if (chosen == anchors.size()) continue;
    taken.insert(chosen);
    matches[chosen] = static_cast<int32_t>(b);
  }
  return matches;
}

TEST(Matcher, ByHand) {
  const std::vector<Box> anchors{{0, 0, 10, 10}, {0, 0, 10, 5}, {0, 0, 10, 4}, {0, 0, 10, 1}, {50, 50, 60, 60}};
  const std::vector<Box> boxes{{0, 0, 10, 10}};  // overlaps 1, 0.5, 0.4, 0.1, 0
  EXPECT_EQ(match(anchors, boxes, {}), (std::vector<int32_t>{0, 0, -1, -1, -1}));
  EXPECT_EQ(match(anchors, boxes, {.positive = 0.7F, .negative = 0.4F}), (std::vector<int32_t>{0, -2, -2, -1, -1}));
}

TEST(Matcher, EachBoxIsForcedOnItsBestAnchor) {
  const std::vector<Box> anchors{{0, 0, 10, 10}, {20, 0, 30, 10}, {40, 0, 50, 10}};
  const std::vector<Box> boxes{{8, 0, 12, 10}, {40, 0, 44, 10}};
  EXPECT_EQ(match(anchors, boxes, {}), (std::vector<int32_t>{0, -1, 1}));
  EXPECT_EQ(match(anchors, boxes, {.force_match = false}), (std::vector<int32_t>{-1, -1, -1}));
}

TEST(Matcher, BoxesWithTheSameBestAnchorBothFindOne) {
  const std::vector<Box> anchors{{0, 0, 10, 10}, {5, 0, 15, 10}, {90, 90, 99, 99}};
  const std::vector<Box> boxes{{1, 0, 9, 10}, {2, 0, 10, 10}};
  EXPECT_EQ(match(anchors, boxes, {}), (std::vector<int32_t>{0, 1, -1}));
}

TEST(Matcher, NothingToMatch) {
  const std::vector<Box> anchors(700, Box{0, 0, 10, 10});
  EXPECT_EQ(match(anchors, {}, {}), std::vector<int32_t>(700, kBackground));
  EXPECT_TRUE(match({}, anchors, {}).empty());
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const std::vector<Box> useless{{5, 5, 5, 5}, {0, 0, 10, 0}, {nan, nan, nan, nan}, {100, 100, 200, 200}};
  EXPECT_EQ(match(anchors, useless, {}), std::vector<int32_t>(700, kBackground));
}

TEST(Matcher, EqualsTheSlowOneOnRandomBoxesWithTies) {
  Random random(11);
  for (int round = 0; round < 60; ++round) {
    const std::vector<Box> anchors = random_boxes(random, static_cast<int>(random.below(1300)));
    const std::vector<Box> boxes = random_boxes(random, static_cast<int>(random.below(12)));
    for (const MatchOptions& options :
         {MatchOptions{}, MatchOptions{.force_match = false}, MatchOptions{.positive = 0.7F, .negative = 0.3F},
          MatchOptions{.positive = 0, .negative = 0}, MatchOptions{.negative = 0}}) {
      ASSERT_EQ(match(anchors, boxes, options), match_slowly(anchors, boxes, options)) << "round " << round;
    }
  }
}

TEST(Matcher, EveryBoxInTheImageGetsAnAnchor) {
  const std::vector<Box> anchors = make_anchors({}, 256, 256);
  Random random(3);
  std::vector<Box> boxes;
  for (int i = 0; i < 40; ++i) {
    const auto x = static_cast<float>(random.uniform(0, 240));
    const auto y = static_cast<float>(random.uniform(0, 240));
    boxes.push_back(
        {x, y, x + static_cast<float>(random.uniform(1, 16)), y + static_cast<float>(random.uniform(1, 16))});
    boxes.push_back(boxes.back());  // annotated twice
  }
  const std::vector<int32_t> matches = match(anchors, boxes, {});
  const std::set<int32_t> matched(matches.begin(), matches.end());
  for (int32_t b = 0; b < 80; ++b) EXPECT_TRUE(matched.contains(b)) << b;
}

TEST(Matcher, CrowdHidesBackgroundOnly) {
  const std::vector<Box> anchors{{0, 0, 10, 10}, {0, 0, 10, 10}, {6, 0, 16, 10}, {5, 0, 15, 10}, {0, 0, 0, 0}};
  std::vector<int32_t> matches{0, -1, -1, -1, -1};
  const std::vector<Box> crowd{{0, 0, 10, 100}};
  ignore_crowd(anchors, crowd, matches);
  EXPECT_EQ(matches, (std::vector<int32_t>{0, -2, -1, -1, -1}));
}

}  // namespace
}  // namespace spinenet::detect
