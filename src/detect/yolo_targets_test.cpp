#include "detect/yolo_targets.h"

#include <algorithm>
#include <limits>
#include <set>

#include <gtest/gtest.h>

#include "base/random.h"

namespace spinenet::detect {
namespace {

constexpr Extent kInput{96, 128};

// Two levels that share an anchor, and an anchor that none has, as YOLOv4-tiny's.
YoloAnchors shared_anchors() {
  return {{{4, 5}, {10, 12}, {20, 14}, {30, 40}, {60, 50}}, {{1, 2, 3}, {3, 4}}, {8, 16}, 0.213F};
}

Box centred_box(float x, float y, float width, float height) {
  return {x - width / 2, y - height / 2, x + width / 2, y + height / 2};
}

// An anchor cell by its place.
int64_t cell_at(const YoloAnchors& anchors, size_t level, int row, int column, int anchor) {
  int64_t first = 0;
  for (size_t l = 0; l < level; ++l) {
    first += int64_t{kInput.height / anchors.strides[l]} * (kInput.width / anchors.strides[l]) *
             static_cast<int64_t>(anchors.of_level[l].size());
  }
  const int columns = kInput.width / anchors.strides[level];
  return first + (int64_t{row} * columns + column) * static_cast<int64_t>(anchors.of_level[level].size()) + anchor;
}

// The rule read anchor cell by anchor cell.
std::vector<YoloMatch> match_cell_by_cell(const YoloAnchors& anchors, const std::vector<Box>& boxes) {
  std::vector<YoloMatch> matches;
  int64_t cell = 0;
  for (size_t level = 0; level < anchors.of_level.size(); ++level) {
    const auto stride = static_cast<float>(anchors.strides[level]);
    for (float y = 0; y < kInput.height; y += stride) {
      for (float x = 0; x < kInput.width; x += stride) {
        for (const int anchor : anchors.of_level[level]) {
          for (size_t b = 0; b < boxes.size(); ++b) {
            const AnchorSize size{boxes[b].width(), boxes[b].height()};
            if (size[0] <= 0 || size[1] <= 0) continue;
            const float cx = (boxes[b].x1 + boxes[b].x2) / 2, cy = (boxes[b].y1 + boxes[b].y2) / 2;
            if (cx < x || cy < y || cx >= x + stride || cy >= y + stride) continue;
            std::vector<float> overlaps;
            for (const AnchorSize& s : anchors.sizes) overlaps.push_back(centred_iou(s, size));
            const auto best = static_cast<int>(std::ranges::max_element(overlaps) - overlaps.begin());
            if (anchor != best && overlaps[static_cast<size_t>(anchor)] <= anchors.iou_threshold) continue;
            matches.push_back({cell, static_cast<int>(b)});
          }
          ++cell;
        }
      }
    }
  }
  return matches;
}

TEST(YoloTargets, AreThoseOfTheRuleReadCellByCell) {
  Random random(4);
  size_t found = 0, shared = 0;
  for (int round = 0; round < 60; ++round) {
    YoloAnchors anchors = shared_anchors();
    anchors.iou_threshold = round % 3 == 0 ? 1.0F : 0.213F;
    std::vector<Box> boxes;
    for (int i = 0; i < 25; ++i) {  // some without an area, some with their centre outside
      boxes.push_back(centred_box(static_cast<float>(random.below(150)) - 10,
                                  static_cast<float>(random.below(120)) - 10, static_cast<float>(random.below(70)),
                                  static_cast<float>(random.below(60))));
    }
    const std::vector<YoloMatch> matches = match_yolo(anchors, kInput, boxes);
    EXPECT_EQ(matches, match_cell_by_cell(anchors, boxes));
    found += matches.size();
    for (size_t m = 1; m < matches.size(); ++m) shared += matches[m].cell == matches[m - 1].cell ? 1 : 0;
  }
  EXPECT_GT(found, 1000U);
  EXPECT_GT(shared, 10U);  // several boxes in one anchor cell did occur
}

TEST(YoloTargets, TheBestAnchorOfAllLevelsDecides) {
  const YoloAnchors anchors{{{10, 10}, {24, 24}, {40, 40}}, {{0, 1}, {2}}, {8, 16}, 0.5F};
  // 22 x 22 overlaps 24 x 24 by 0.84 and the others by less than a half.
  EXPECT_EQ(match_yolo(anchors, kInput, std::vector<Box>{centred_box(20, 37, 22, 22)}),
            (std::vector<YoloMatch>{{cell_at(anchors, 0, 4, 2, 1), 0}}));
  // 34 x 34 overlaps 40 x 40 by 0.72, and 24 x 24 of the other level by 0.498.
  EXPECT_EQ(match_yolo(anchors, kInput, std::vector<Box>{centred_box(20, 37, 34, 34)}),
            (std::vector<YoloMatch>{{cell_at(anchors, 1, 2, 1, 0), 0}}));
}

TEST(YoloTargets, FurtherAnchorsOfOtherLevelsLearnTheBox) {
  const YoloAnchors anchors{{{10, 10}, {24, 24}, {40, 40}}, {{0, 1}, {2}}, {8, 16}, 0.213F};
  // 34 x 34 overlaps 40 x 40 by 0.72, 24 x 24 by 0.498 and 10 x 10 by 0.087.
  EXPECT_EQ(match_yolo(anchors, kInput, std::vector<Box>{centred_box(20, 37, 34, 34)}),
            (std::vector<YoloMatch>{{cell_at(anchors, 0, 4, 2, 1), 0}, {cell_at(anchors, 1, 2, 1, 0), 0}}));
}

TEST(YoloTargets, FurtherAnchorsOfTheLevelLearnTheBox) {
  YoloAnchors anchors{{{10, 10}, {14, 14}, {40, 40}}, {{0, 1, 2}}, {8}, 0.213F};
  const std::vector<Box> box{centred_box(4, 4, 10, 10)};  // overlaps 14 x 14 by 0.51 and 40 x 40 by 0.06
  EXPECT_EQ(match_yolo(anchors, kInput, box), (std::vector<YoloMatch>{{0, 0}, {1, 0}}));
  anchors.iou_threshold = 1;
  EXPECT_EQ(match_yolo(anchors, kInput, box), (std::vector<YoloMatch>{{0, 0}}));
}

TEST(YoloTargets, AnAnchorOfTwoLevelsLearnsInBothAndOneOfNoLevelInNone) {
  YoloAnchors anchors = shared_anchors();
  anchors.iou_threshold = 1;
  EXPECT_EQ(match_yolo(anchors, kInput, std::vector<Box>{centred_box(50, 50, 30, 40)}),
            (std::vector<YoloMatch>{{cell_at(anchors, 0, 6, 6, 2), 0}, {cell_at(anchors, 1, 3, 3, 0), 0}}));
  EXPECT_TRUE(match_yolo(anchors, kInput, std::vector<Box>{centred_box(50, 50, 4, 5)}).empty());
  EXPECT_TRUE(has_level(anchors, {30, 40}));
  EXPECT_TRUE(has_level(anchors, {11, 11}));
  EXPECT_FALSE(has_level(anchors, {4, 5}));
  anchors.iou_threshold = 0.15F;  // 10 x 12 overlaps 4 x 5 by 0.167
  EXPECT_TRUE(has_level(anchors, {4, 5}));
}

TEST(YoloTargets, BoxesThatMeetInAnAnchorCellAreBothThere) {
  const YoloAnchors anchors{{{10, 10}}, {{0}}, {8}, 0.213F};
  const std::vector<Box> boxes{centred_box(12, 4, 10, 9), centred_box(4, 4, 10, 10), centred_box(3, 5, 9, 10)};
  EXPECT_EQ(match_yolo(anchors, kInput, boxes), (std::vector<YoloMatch>{{0, 1}, {0, 2}, {1, 0}}));
}

TEST(YoloTargets, BoxesWithoutAreaOrOutsideAreNotLearned) {
  const float infinity = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
  const std::vector<Box> boxes{{10, 10, 10, 20},        {10, 10, 20, 10},   {-9, 10, 8, 20},
                               {10, -30, 20, 20},       {120, 10, 136, 20}, {10, 90, 20, 102},
                               {10, 10, infinity, 20},  {nan, 10, 20, 20},  {-infinity, 0, infinity, 20},
                               {-1000, 10, -900, 1000}, {20, 10, 10, 20}};
  EXPECT_TRUE(match_yolo(shared_anchors(), kInput, boxes).empty());
  // At the edge, and reaching over it.
  EXPECT_EQ(match_yolo(shared_anchors(), kInput, std::vector<Box>{{-10, -7, 10, 7}}),
            (std::vector<YoloMatch>{{0, 0}, {1, 0}, {2, 0}, {cell_at(shared_anchors(), 1, 0, 0, 0), 0}}));
  EXPECT_FALSE(match_yolo(shared_anchors(), kInput, std::vector<Box>{{120, 80, 135.9F, 111.9F}}).empty());
}

TEST(YoloTargets, CellsInACrowdAreThoseWhoseAnchorsLieInIt) {
  const YoloAnchors anchors = shared_anchors();
  const std::vector<Box> crowd{{0, 0, 40, 30}, {90, 60, 128, 96}};
  const std::vector<int64_t> crowded = crowded_cells(anchors, kInput, crowd, 0.5F);
  const std::set<int64_t> is_crowded(crowded.begin(), crowded.end());
  EXPECT_EQ(is_crowded.size(), crowded.size());
  EXPECT_TRUE(std::ranges::is_sorted(crowded));
  EXPECT_TRUE(is_crowded.contains(cell_at(anchors, 0, 1, 1, 0)));
  EXPECT_FALSE(is_crowded.contains(cell_at(anchors, 0, 0, 0, 2)));  // 30 x 40 about (4, 4): 19 x 24 of 1200
  EXPECT_TRUE(is_crowded.contains(cell_at(anchors, 0, 9, 13, 1)));
  EXPECT_FALSE(is_crowded.contains(cell_at(anchors, 1, 5, 3, 0)));
  EXPECT_LT(crowded.size(), static_cast<size_t>(anchor_cells(anchors, kInput)) / 2);
  EXPECT_TRUE(crowded_cells(anchors, kInput, {}, 0.5F).empty());
  const std::vector<Box> all{{-100, -100, 300, 300}};
  EXPECT_EQ(static_cast<int64_t>(crowded_cells(anchors, kInput, all, 0.5F).size()), anchor_cells(anchors, kInput));
}

}  // namespace
}  // namespace spinenet::detect
