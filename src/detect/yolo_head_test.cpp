#include "detect/yolo_head.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/random.h"

namespace spinenet::detect {
namespace {

double logistic(double x) {
  return 1 / (1 + std::exp(-x));
}

// Two levels of a 64 x 96 input.
struct YoloHeads {
  std::vector<YoloLevel> levels{{{{10, 14}, {20, 8}}, 1.2F, 16}, {{{40, 50}, {30, 60}, {70, 20}}, 1.05F, 32}};
  int classes = 3;
  std::vector<std::vector<float>> maps;

  explicit YoloHeads(float fill) {
    for (const YoloLevel& level : levels) {
      const size_t cells = static_cast<size_t>(64 / level.stride) * static_cast<size_t>(96 / level.stride);
      maps.emplace_back(level.anchors.size() * static_cast<size_t>(kYoloBoxChannels + classes) * cells, fill);
    }
  }
  std::vector<YoloOutput> outputs() const {
    std::vector<YoloOutput> found;
    for (size_t i = 0; i < levels.size(); ++i) {
      found.push_back({maps[i].data(), 64 / levels[i].stride, 96 / levels[i].stride});
    }
    return found;
  }
  float& at(size_t level, const YoloCell& cell, int channel) {
    const int height = 64 / levels[level].stride, width = 96 / levels[level].stride;
    const int plane = cell.anchor * (kYoloBoxChannels + classes) + channel;
    return maps[level][static_cast<size_t>((plane * height + cell.row) * width + cell.column)];
  }
};

TEST(DecodeYolo, OfZerosIsTheAnchorInTheMiddleOfItsCell) {
  const YoloLevel level{{{10, 14}, {20, 8}}, 1.2F, 16};
  const Box box = decode_yolo(std::array<float, 4>{0, 0, 0, 0}, level, {2, 3, 1});
  EXPECT_FLOAT_EQ(box.x1, 3.5F * 16 - 10);
  EXPECT_FLOAT_EQ(box.x2, 3.5F * 16 + 10);
  EXPECT_FLOAT_EQ(box.y1, 2.5F * 16 - 4);
  EXPECT_FLOAT_EQ(box.y2, 2.5F * 16 + 4);
}

// With a scale above 1 a centre reaches the border of its cell, and passes it by a tenth.
TEST(DecodeYolo, ReachesBeyondTheCell) {
  const YoloLevel level{{{10, 14}}, 1.2F, 16};
  const Box box = decode_yolo(std::array<float, 4>{50, -50, std::log(2.0F), 0}, level, {1, 1, 0});
  EXPECT_NEAR((box.x1 + box.x2) / 2, 2.1 * 16, 1e-4);
  EXPECT_NEAR((box.y1 + box.y2) / 2, 0.9 * 16, 1e-4);
  EXPECT_NEAR(box.width(), 20, 1e-4);
  EXPECT_NEAR(box.height(), 14, 1e-4);
}

// Everything straight from the definition, in double precision.
std::vector<Detection> slow_detections(YoloHeads& heads, const PostprocessOptions& options) {
  struct Entry {
    Detection detection;
    size_t order;
  };
  std::vector<Entry> entries;
  for (size_t l = 0; l < heads.levels.size(); ++l) {
    const YoloLevel& level = heads.levels[l];
    for (int row = 0; row < 64 / level.stride; ++row) {
      for (int column = 0; column < 96 / level.stride; ++column) {
        for (int anchor = 0; anchor < static_cast<int>(level.anchors.size()); ++anchor) {
          const YoloCell cell{row, column, anchor};
          const auto value = [&](int channel) { return static_cast<double>(heads.at(l, cell, channel)); };
          const double s = static_cast<double>(level.scale_xy);
          const double x = (column + s * logistic(value(0)) - (s - 1) / 2) * level.stride;
          const double y = (row + s * logistic(value(1)) - (s - 1) / 2) * level.stride;
          const double w = std::exp(value(2)) * static_cast<double>(level.anchors[static_cast<size_t>(anchor)][0]) / 2;
          const double h = std::exp(value(3)) * static_cast<double>(level.anchors[static_cast<size_t>(anchor)][1]) / 2;
          for (int label = 0; label < heads.classes; ++label) {
            const double score = logistic(value(4)) * logistic(value(5 + label));
            if (!(score > static_cast<double>(options.score_threshold))) continue;
            if (!options.labels.empty() && std::ranges::count(options.labels, label) == 0) continue;
            const Box box{static_cast<float>(x - w), static_cast<float>(y - h), static_cast<float>(x + w),
                          static_cast<float>(y + h)};
            entries.push_back({{box, label, static_cast<float>(score)}, entries.size()});
          }
        }
      }
    }
  }
  std::stable_sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return std::tuple(-a.detection.score, a.detection.label) < std::tuple(-b.detection.score, b.detection.label);
  });
  std::vector<Detection> kept;
  for (const Entry& entry : entries) {
    const Box& b = entry.detection.box;
    const bool covered = std::any_of(kept.begin(), kept.end(), [&](const Detection& other) {
      if (!options.class_agnostic && other.label != entry.detection.label) return false;
      const Box& a = other.box;
      const float dx = (a.x1 + a.x2 - b.x1 - b.x2) / 2, dy = (a.y1 + a.y2 - b.y1 - b.y2) / 2;
      const float cx = std::max(a.x2, b.x2) - std::min(a.x1, b.x1), cy = std::max(a.y2, b.y2) - std::min(a.y1, b.y1);
      return iou(a, b) - std::pow((dx * dx + dy * dy) / (cx * cx + cy * cy), 0.6F) > options.iou;
    });
    if (!covered && static_cast<int>(kept.size()) < options.max_detections) kept.push_back(entry.detection);
  }
  return kept;
}

TEST(YoloDetections, EqualTheSlowOnes) {
  Random random(8);
  for (const float threshold : {0.001F, 0.1F, 0.25F}) {
    for (int round = 0; round < 10; ++round) {
      YoloHeads heads(0);
      for (std::vector<float>& map : heads.maps) {
        for (float& x : map) x = static_cast<float>(random.normal());
      }
      PostprocessOptions options{.score_threshold = threshold, .iou = 0.45F, .max_detections = 40};
      options.class_agnostic = round % 2 == 1;
      if (round % 3 == 2) options.labels = {0, 2};
      const std::vector<Detection> found = yolo_detections(heads.outputs(), heads.levels, heads.classes, options);
      const std::vector<Detection> expected = slow_detections(heads, options);
      ASSERT_EQ(found.size(), expected.size());
      EXPECT_FALSE(found.empty());
      for (size_t i = 0; i < found.size(); ++i) {
        EXPECT_EQ(found[i].label, expected[i].label);
        EXPECT_NEAR(found[i].score, expected[i].score, 1e-6);
        EXPECT_NEAR(found[i].box.x1, expected[i].box.x1, 1e-3);
        EXPECT_NEAR(found[i].box.y2, expected[i].box.y2, 1e-3);
      }
    }
  }
}

TEST(YoloDetections, MayBeSeveralOfACell) {
  YoloHeads heads(-20);
  const YoloCell cell{1, 2, 1};
  heads.at(0, cell, 4) = 4;
  heads.at(0, cell, 5) = 1;
  heads.at(0, cell, 7) = 2;
  const auto found = yolo_detections(heads.outputs(), heads.levels, heads.classes, {});
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].label, 2);
  EXPECT_EQ(found[1].label, 0);
  EXPECT_NEAR(found[0].score, logistic(4) * logistic(2), 1e-6);
}

TEST(YoloDetections, LeaveOutWhatIsNoNumber) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  YoloHeads heads(nan);
  EXPECT_TRUE(yolo_detections(heads.outputs(), heads.levels, heads.classes, {}).empty());
  YoloHeads large(-20);
  large.at(1, {0, 0, 0}, 4) = 5;
  large.at(1, {0, 0, 0}, 5) = 5;
  large.at(1, {0, 0, 0}, 2) = 1000;  // an endless width
  EXPECT_TRUE(yolo_detections(large.outputs(), large.levels, large.classes, {}).empty());
}

TEST(YoloDetections, KeepTheBestOfTooMany) {
  YoloHeads heads(0);
  heads.at(1, {1, 1, 2}, 4) = 3;
  const auto found = yolo_detections(heads.outputs(), heads.levels, heads.classes, {.pre_nms = 3});
  ASSERT_EQ(found.size(), 3U);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(found[i].label, static_cast<int>(i));
    EXPECT_NEAR(found[i].score, logistic(3) / 2, 1e-6);
  }
}

TEST(YoloDetections, RefuseOtherLevels) {
  const YoloHeads heads(0);
  EXPECT_THROW(yolo_detections(heads.outputs(), std::span(heads.levels).first(1), heads.classes, {}), Error);
  EXPECT_THROW(yolo_detections(heads.outputs(), heads.levels, 0, {}), Error);
}

}  // namespace
}  // namespace spinenet::detect
