#include "detect/roi_sampler.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace spinenet::detect {
namespace {

int64_t count(std::span<const int32_t> matches, int32_t value) {
  return std::count(matches.begin(), matches.end(), value);
}

int64_t positives(std::span<const int32_t> matches) {
  return std::count_if(matches.begin(), matches.end(), [](int32_t m) { return m >= 0; });
}

std::vector<int32_t> labelled(int matched, int background, int ignored) {
  std::vector<int32_t> matches(static_cast<size_t>(matched), 3);
  matches.resize(matches.size() + static_cast<size_t>(background), kBackground);
  matches.resize(matches.size() + static_cast<size_t>(ignored), kIgnored);
  return matches;
}

TEST(Subsample, KeepsTheSharesAndFillsUpWithBackground) {
  struct Case {
    int matched, background, kept_matched, kept_background;
  };
  for (const Case& c : {Case{500, 5000, 128, 128}, Case{20, 5000, 20, 236}, Case{500, 40, 128, 40}, Case{0, 9, 0, 9},
                        Case{0, 0, 0, 0}}) {
    std::vector<int32_t> matches = labelled(c.matched, c.background, 77);
    Random random(1);
    subsample(matches, {}, random);
    EXPECT_EQ(positives(matches), c.kept_matched);
    EXPECT_EQ(count(matches, kBackground), c.kept_background);
  }
}

TEST(Subsample, NeverTurnsOneKindIntoAnother) {
  const std::vector<int32_t> before = labelled(300, 700, 100);
  std::vector<int32_t> after = before;
  Random random(2);
  subsample(after, {}, random);
  for (size_t i = 0; i < before.size(); ++i) EXPECT_TRUE(after[i] == before[i] || after[i] == kIgnored);
}

TEST(Subsample, EveryAnchorHasTheSameChance) {
  std::vector<int> chosen(20);
  for (uint64_t seed = 0; seed < 4000; ++seed) {
    std::vector<int32_t> matches = labelled(0, 20, 0);
    Random random(seed);
    subsample(matches, {.samples = 5}, random);
    for (size_t i = 0; i < matches.size(); ++i) chosen[i] += matches[i] == kBackground ? 1 : 0;
  }
  for (const int times : chosen) EXPECT_NEAR(times, 1000, 140);  // five standard deviations
}

TEST(Subsample, IsDecidedByTheSeed) {
  const auto with_seed = [](uint64_t seed) {
    std::vector<int32_t> matches = labelled(300, 700, 0);
    Random random(seed);
    subsample(matches, {}, random);
    return matches;
  };
  EXPECT_EQ(with_seed(3), with_seed(3));
  EXPECT_NE(with_seed(3), with_seed(4));
}

std::vector<Box> grid_of_boxes() {
  std::vector<Box> boxes;
  for (int i = 0; i < 1000; ++i) {
    const auto x = static_cast<float>(i % 40 * 5);
    const auto y = static_cast<float>(i / 40 * 5);
    boxes.push_back({x, y, x + 20, y + 20});
  }
  return boxes;
}

TEST(SampleRois, AQuarterHoldsObjectsAndTheBoxesThemselvesAreAmongThem) {
  const std::vector<Box> boxes{{10, 10, 30, 30}, {100, 60, 117, 80}, {300, 300, 310, 310}};
  Random random(1);
  const RoiSample sample = sample_rois(grid_of_boxes(), boxes, {}, {}, random);
  EXPECT_EQ(sample.rois.size(), 512U);
  ASSERT_LE(sample.positives, 128);
  for (size_t i = 0; i < sample.rois.size(); ++i) {
    EXPECT_EQ(sample.matches[i] >= 0, static_cast<int>(i) < sample.positives);
    float best = 0;
    for (const Box& box : boxes) best = std::max(best, iou(sample.rois[i], box));
    EXPECT_EQ(sample.matches[i] >= 0, best >= 0.5F);
    if (sample.matches[i] >= 0) {
      EXPECT_EQ(iou(sample.rois[i], boxes[static_cast<size_t>(sample.matches[i])]), best);
    }
  }
  for (int32_t b = 0; b < 3; ++b) EXPECT_GE(count(sample.matches, b), 1) << "no proposal is near box 2, but it is one";
}

TEST(SampleRois, CrowdRegionsAreNeverObjectsAndHideBackground) {
  const std::vector<Box> boxes{{10, 10, 30, 30}};
  const std::vector<Box> crowd{{60, 0, 400, 400}};
  Random random(1);
  const RoiSample sample = sample_rois(grid_of_boxes(), boxes, crowd, {}, random);
  for (size_t i = 0; i < sample.rois.size(); ++i) {
    EXPECT_LE(sample.matches[i], 0);
    const float inside = std::min(sample.rois[i].x2, crowd[0].x2) - std::max(sample.rois[i].x1, crowd[0].x1);
    if (sample.matches[i] == kBackground) {
      EXPECT_LE(inside, 10) << "half of the width";
    }
  }
}

// The ROIs of the later heads of a cascade: the same ones, of which fewer hold an object at a higher threshold.
TEST(MatchRois, KeepsAllByTheThresholdOfTheHead) {
  const std::vector<Box> boxes{{0, 0, 100, 100}};
  const std::vector<Box> rois{{0, 0, 100, 40}, {0, 0, 100, 55}, {0, 0, 100, 65}, {0, 0, 100, 75}, {200, 0, 300, 90}};
  const auto matches_at = [&](float threshold, std::span<const Box> crowd) {
    return match_rois(rois, boxes, crowd, {.positive = threshold}).matches;
  };
  EXPECT_EQ(matches_at(0.5F, {}), (std::vector<int32_t>{-1, 0, 0, 0, -1}));
  EXPECT_EQ(matches_at(0.6F, {}), (std::vector<int32_t>{-1, -1, 0, 0, -1}));
  EXPECT_EQ(matches_at(0.7F, {}), (std::vector<int32_t>{-1, -1, -1, 0, -1}));
  const std::vector<Box> crowd{{200, 0, 300, 100}};
  const RoiSample sample = match_rois(rois, boxes, crowd, {.positive = 0.6F});
  EXPECT_EQ(sample.rois, std::vector<Box>(rois.begin(), rois.end() - 1));
  EXPECT_EQ(sample.positives, 2);
  EXPECT_EQ(matches_at(0.6F, crowd), (std::vector<int32_t>{-1, -1, 0, 0}));
}

TEST(SampleRois, FollowsTheThreshold) {
  const std::vector<Box> boxes{{10, 10, 30, 30}};
  Random random(1);
  const RoiSample sample = sample_rois(grid_of_boxes(), boxes, {}, {.positive = 0.8F}, random);
  EXPECT_EQ(sample.positives, 2) << "the one that is the box, and the box itself";
}

TEST(SampleRois, AImageWithoutObjectsGivesBackground) {
  Random random(1);
  const RoiSample sample = sample_rois(grid_of_boxes(), {}, {}, {}, random);
  EXPECT_EQ(sample.positives, 0);
  EXPECT_EQ(count(sample.matches, kBackground), 512);
  EXPECT_TRUE(sample_rois({}, {}, {}, {}, random).rois.empty());
}

// The published labels of the first stage: 0.7 and 0.3 between which nothing is learned, the best anchor forced.
TEST(ProposalMatch, LabelsAnchorsAsFasterRcnnDoes) {
  const std::vector<Box> boxes{{0, 0, 100, 100}};
  const std::vector<Box> anchors{{0, 0, 100, 65}, {0, 0, 100, 50}, {0, 0, 100, 29}, {0, 0, 100, 31}};
  EXPECT_EQ(match(anchors, boxes, kProposalMatch), (std::vector<int32_t>{0, kIgnored, kBackground, kIgnored}));
}

}  // namespace
}  // namespace spinenet::detect
