#include "data/coco/yolo_anchors.h"

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "base/random.h"
#include "detect/yolo_targets.h"

namespace spinenet::data {
namespace {

std::vector<detect::YoloLevel> three_levels() {
  return {{{{1, 1}, {2, 2}}, 1.2F, 8}, {{{3, 3}, {4, 4}}, 1.1F, 16}, {{{5, 5}, {6, 6}, {7, 7}}, 1.05F, 32}};
}

// Images of 1000 x 500 pixels.
struct Boxes {
  detect::Annotations all;

  void add(double width, double height, bool crowd = false) {
    const auto id = static_cast<int64_t>(all.images.size()) + 1;
    all.images.push_back({id, "image", 500, 1000});
    all.annotations.push_back({id, id, 1, {0, 0, width, height}, width * height, crowd, {}});
  }
};

TEST(YoloAnchors, AreTheClustersOfTheBoxesOfTheirLevel) {
  Boxes boxes;
  for (int i = 0; i < 30; ++i) {
    boxes.add(40 + i % 3, 20);          // 20 x 10 pixels of the input and a little more, below 48
    boxes.add(30, 60 + i % 3);          // 15 x 30
    boxes.add(160 + 2 * (i % 2), 120);  // 80 x 60, from 48 to 96
  }
  const FittedAnchors fitted = fit_yolo_anchors(boxes.all, 500, three_levels());
  EXPECT_EQ(fitted.boxes, (std::vector<size_t>{60, 30, 0}));
  EXPECT_EQ(fitted.fitted, (std::vector<bool>{true, true, false}));
  EXPECT_EQ(fitted.levels[0].anchors, (std::vector<std::array<float, 2>>{{20.5F, 10}, {15, 30.5F}}));
  EXPECT_EQ(fitted.levels[1].anchors, (std::vector<std::array<float, 2>>{{80, 60}, {81, 60}}));
  EXPECT_EQ(fitted.levels[2].anchors, three_levels()[2].anchors);
  EXPECT_EQ(fitted.levels[0].stride, 8);
  EXPECT_EQ(fitted.levels[0].scale_xy, 1.2F);
}

TEST(YoloAnchors, CrowdsAndBoxesWithoutAreaDoNotCount) {
  Boxes boxes;
  for (int i = 0; i < 100; ++i) {
    boxes.add(100, 100, true);
    boxes.add(0, 50);
  }
  boxes.all.annotations.push_back({9999, 9999, 1, {0, 0, 10, 10}, 100, false, {}});  // of no image
  const FittedAnchors fitted = fit_yolo_anchors(boxes.all, 500, three_levels());
  EXPECT_EQ(fitted.boxes, (std::vector<size_t>{0, 0, 0}));
  for (size_t i = 0; i < 3; ++i) EXPECT_EQ(fitted.levels[i].anchors, three_levels()[i].anchors);
}

TEST(YoloAnchors, AFewBoxesMoveNoAnchor) {
  Boxes boxes;
  for (size_t i = 0; i + 1 < 2 * kBoxesForAnchor; ++i) boxes.add(50, 50);
  EXPECT_FALSE(fit_yolo_anchors(boxes.all, 500, three_levels()).fitted[0]);
  boxes.add(50, 50);
  EXPECT_TRUE(fit_yolo_anchors(boxes.all, 500, three_levels()).fitted[0]);
}

double mean_best_overlap(const std::vector<detect::YoloLevel>& levels, const Boxes& boxes, double scale) {
  double sum = 0;
  for (const detect::Annotation& box : boxes.all.annotations) {
    const detect::AnchorSize size{static_cast<float>(box.bbox[2] * scale), static_cast<float>(box.bbox[3] * scale)};
    float best = 0;
    for (const detect::YoloLevel& level : levels) {
      for (const auto& anchor : level.anchors) best = std::max(best, detect::centred_iou(anchor, size));
    }
    sum += best;
  }
  return sum / static_cast<double>(boxes.all.annotations.size());
}

TEST(YoloAnchors, FitBetterThanAnchorsMadeForOtherImages) {
  Random random(8);
  Boxes boxes;
  for (int i = 0; i < 3000; ++i) {
    const double side = std::exp(random.uniform(std::log(20), std::log(200))),
                 ratio = std::exp(random.uniform(-0.7, 0.7));
    boxes.add(side * std::sqrt(ratio), side / std::sqrt(ratio));
  }
  const std::vector<detect::YoloLevel> published{{{{12, 16}, {19, 36}, {40, 28}}, 1.2F, 8},
                                                 {{{36, 75}, {76, 55}, {72, 146}}, 1.1F, 16},
                                                 {{{142, 110}, {192, 243}, {459, 401}}, 1.05F, 32}};
  const FittedAnchors fitted = fit_yolo_anchors(boxes.all, 250, published);
  EXPECT_GT(mean_best_overlap(fitted.levels, boxes, 0.25), 0.6);
  EXPECT_LT(mean_best_overlap(published, boxes, 0.25), 0.55);
  // The order of the boxes does not matter.
  std::ranges::reverse(boxes.all.annotations);
  EXPECT_EQ(fit_yolo_anchors(boxes.all, 250, published).levels, fitted.levels);
}

}  // namespace
}  // namespace spinenet::data
