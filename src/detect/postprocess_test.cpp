#include "detect/postprocess.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/random.h"
#include "detect/anchors.h"
#include "detect/box_coder.h"

namespace spinenet::detect {
namespace {

struct Heads {
  AnchorOptions anchor_options;
  int classes = 3;
  std::vector<std::vector<float>> class_maps, box_maps;
  std::vector<LevelOutput> levels;
  std::vector<Box> anchors;
};

Heads make_heads(const AnchorOptions& options, int classes, int size) {
  Heads heads{options, classes, {}, {}, {}, make_anchors(options, size, size)};
  const int a = anchors_per_cell(options);
  for (int level = options.min_level; level <= options.max_level; ++level) {
    const int side = size >> level;
    heads.class_maps.emplace_back(static_cast<size_t>(a * classes * side * side), -10.0F);
    heads.box_maps.emplace_back(static_cast<size_t>(a * 4 * side * side), 0.0F);
    heads.levels.push_back({heads.class_maps.back().data(), heads.box_maps.back().data(), side, side});
  }
  return heads;
}

// Everything straight from the definition: every score, a full sort, every pair.
std::vector<Detection> postprocess_slowly(const Heads& heads, const PostprocessOptions& options) {
  struct Entry {
    float score;
    int label;
    size_t anchor;
    Box box;
  };
  std::vector<Entry> entries;
  const auto per_cell = static_cast<size_t>(anchors_per_cell(heads.anchor_options));
  const float threshold = std::log(options.score_threshold / (1 - options.score_threshold));
  size_t anchor = 0;
  for (const LevelOutput& level : heads.levels) {
    const auto cells = static_cast<size_t>(level.height) * static_cast<size_t>(level.width);
    for (size_t cell = 0; cell < cells; ++cell) {
      for (size_t a = 0; a < per_cell; ++a, ++anchor) {
        BoxCode code;
        for (size_t i = 0; i < 4; ++i) code[i] = level.boxes[(a * 4 + i) * cells + cell];
        for (int k = 0; k < heads.classes; ++k) {
          const float x =
              level.classes[(a * static_cast<size_t>(heads.classes) + static_cast<size_t>(k)) * cells + cell];
          const bool asked = options.labels.empty() || std::ranges::count(options.labels, k) > 0;
          if (asked && x >= threshold) {
            entries.push_back({1.0F / (1.0F + std::exp(-x)), k, anchor, decode(code, heads.anchors[anchor])});
          }
        }
      }
    }
  }
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return std::tuple(-a.score, a.label, a.anchor) < std::tuple(-b.score, b.label, b.anchor);
  });
  if (entries.size() > static_cast<size_t>(options.pre_nms)) entries.resize(static_cast<size_t>(options.pre_nms));
  std::vector<Detection> kept;
  for (const Entry& entry : entries) {
    const bool covered = std::any_of(kept.begin(), kept.end(), [&](const Detection& other) {
      const bool meet = options.class_agnostic || other.label == entry.label;
      return meet && iou(other.box, entry.box) > options.iou;
    });
    if (!covered) kept.push_back({entry.box, entry.label, entry.score});
  }
  if (kept.size() > static_cast<size_t>(options.max_detections))
    kept.resize(static_cast<size_t>(options.max_detections));
  return kept;
}

void expect_equal(const std::vector<Detection>& found, const std::vector<Detection>& wanted) {
  ASSERT_EQ(found.size(), wanted.size());
  for (size_t i = 0; i < found.size(); ++i) {
    EXPECT_EQ(found[i].box, wanted[i].box) << i;
    EXPECT_EQ(found[i].label, wanted[i].label) << i;
    EXPECT_EQ(found[i].score, wanted[i].score) << i;
  }
}

const AnchorOptions kSmall{.min_level = 3, .max_level = 5, .scales = 2, .aspect_ratios = {1.0, 2.0}};

TEST(Postprocess, OneDetectionByHand) {
  Heads heads = make_heads(kSmall, 3, 64);
  // Level 4 has 4 x 4 cells; row 1, column 2, scale 1, ratio 0 (anchor 2 of 4), class 1.
  const size_t cell = 1 * 4 + 2;
  heads.class_maps[1][(2 * 3 + 1) * 16 + cell] = 0;
  heads.box_maps[1][(2 * 4 + 0) * 16 + cell] = 0.5F;            // dy
  heads.box_maps[1][(2 * 4 + 3) * 16 + cell] = std::log(2.0F);  // dw
  const std::vector<Detection> found = postprocess(heads.levels, heads.anchors, 3, {});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].label, 1);
  EXPECT_FLOAT_EQ(found[0].score, 0.5F);
  const float side = 48 * std::sqrt(2.0F);
  EXPECT_NEAR(found[0].box.x1, 40 - side, 1e-3);
  EXPECT_NEAR(found[0].box.x2, 40 + side, 1e-3);
  EXPECT_NEAR(found[0].box.y1, 24, 1e-3);  // centre 24 + side / 2, height side
  EXPECT_NEAR(found[0].box.y2, 24 + side, 1e-3);
}

TEST(Postprocess, EqualsTheSlowOneOnRandomOutputsWithTies) {
  Random random(21);
  const std::vector<PostprocessOptions> choices{{},
                                                {.pre_nms = 40},
                                                {.score_threshold = 0, .pre_nms = 5},
                                                {.score_threshold = 0.3F, .iou = 0.2F, .max_detections = 7},
                                                {.score_threshold = 0.9F},
                                                {.class_agnostic = true},
                                                {.iou = 0.3F, .labels = {0, 2}},
                                                {.pre_nms = 60, .class_agnostic = true, .labels = {1, 3}}};
  for (int round = 0; round < 12; ++round) {
    Heads heads = make_heads(kSmall, 1 + round % 4, 64);
    for (std::vector<float>& map : heads.class_maps) {
      for (float& x : map) x = static_cast<float>(random.below(13) - 8) * 0.75F;
    }
    for (std::vector<float>& map : heads.box_maps) {
      for (float& x : map) x = static_cast<float>(0.3 * random.normal());
    }
    for (const PostprocessOptions& options : choices) {
      expect_equal(postprocess(heads.levels, heads.anchors, heads.classes, options),
                   postprocess_slowly(heads, options));
    }
  }
}

// The shortlist fills and is cut again and again; what comes later is better, or equal and of a class before.
TEST(Postprocess, TheBestMayComeLast) {
  Heads heads = make_heads(kSmall, 8, 64);
  int64_t i = 0;
  for (std::vector<float>& map : heads.class_maps) {
    for (float& x : map) x = -3 + 0.001F * static_cast<float>(i++ / 2);
  }
  for (const int pre_nms : {1, 5, 300}) {
    const PostprocessOptions options{.score_threshold = 0, .pre_nms = pre_nms};
    expect_equal(postprocess(heads.levels, heads.anchors, 8, options), postprocess_slowly(heads, options));
  }
}

TEST(Postprocess, SaturatedScoresTieByClassThenAnchor) {
  Heads heads = make_heads(kSmall, 2, 64);
  heads.class_maps[0][(0 * 2 + 1) * 64 + 0] = 90;   // anchor 0, class 1
  heads.class_maps[0][(0 * 2 + 0) * 64 + 63] = 80;  // a later anchor, class 0
  heads.class_maps[0][(0 * 2 + 0) * 64 + 7] = 70;   // one between, class 0
  const std::vector<Detection> found = postprocess(heads.levels, heads.anchors, 2, {});
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[0].box, heads.anchors[7 * 4]);
  EXPECT_EQ(found[1].box, heads.anchors[63 * 4]);
  EXPECT_EQ(found[2].label, 1);
}

TEST(Postprocess, ScoresOfNoNumberNeverPass) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  Heads heads = make_heads(kSmall, 3, 64);
  for (std::vector<float>& map : heads.class_maps) std::fill(map.begin(), map.end(), nan);
  EXPECT_TRUE(postprocess(heads.levels, heads.anchors, 3, {}).empty());
  EXPECT_TRUE(postprocess(heads.levels, heads.anchors, 3, {.score_threshold = 0}).empty());
  heads.class_maps[2][0] = 3;
  EXPECT_EQ(postprocess(heads.levels, heads.anchors, 3, {}).size(), 1U);
}

TEST(Postprocess, BoxesThatAreNotFiniteAreDropped) {
  Heads heads = make_heads(kSmall, 3, 64);
  heads.class_maps[0][0] = 3;
  heads.class_maps[0][1] = 2;
  heads.class_maps[0][20] = 1;
  heads.box_maps[0][0] = std::numeric_limits<float>::quiet_NaN();
  heads.box_maps[0][64 + 1] = std::numeric_limits<float>::infinity();
  const std::vector<Detection> found = postprocess(heads.levels, heads.anchors, 3, {});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].box, heads.anchors[20 * 4]);
}

TEST(Postprocess, ThresholdsAtTheEndsOfTheRange) {
  Heads heads = make_heads(kSmall, 1, 64);
  const PostprocessOptions all{.score_threshold = 0, .pre_nms = 100'000, .iou = 1, .max_detections = 100'000};
  EXPECT_EQ(postprocess(heads.levels, heads.anchors, 1, all).size(), heads.anchors.size());
  EXPECT_TRUE(postprocess(heads.levels, heads.anchors, 1, {.score_threshold = 1}).empty());
  EXPECT_TRUE(postprocess(heads.levels, heads.anchors, 1, {.score_threshold = 0, .pre_nms = 0}).empty());
}

TEST(Postprocess, AnchorsThatDoNotFitTheLevelsAreRefused) {
  const Heads heads = make_heads(kSmall, 1, 64);
  EXPECT_THROW(postprocess(heads.levels, make_anchors({}, 128, 128), 1, {}), Error);
  EXPECT_THROW(postprocess(heads.levels, {}, 1, {}), Error);
  EXPECT_THROW(postprocess({}, heads.anchors, 1, {}), Error);
}

}  // namespace
}  // namespace spinenet::detect
