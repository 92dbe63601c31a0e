#include "detect/nms.h"

#include <cmath>
#include <limits>
#include <tuple>

#include <gtest/gtest.h>

#include "base/random.h"

namespace spinenet::detect {
namespace {

struct Scene {
  std::vector<Box> boxes;
  std::vector<float> scores;
  std::vector<int> labels;
};

Scene random_scene(uint64_t seed, int count) {
  Random random(seed);
  Scene scene;
  for (int i = 0; i < count; ++i) {
    const auto x = static_cast<float>(random.below(20));
    const auto y = static_cast<float>(random.below(20));
    scene.boxes.push_back(
        {x, y, x + 1 + static_cast<float>(random.below(20)), y + 1 + static_cast<float>(random.below(20))});
    scene.scores.push_back(static_cast<float>(random.below(10)) / 10);
    scene.labels.push_back(static_cast<int>(random.below(3)));
  }
  return scene;
}

TEST(Nms, ByHand) {
  const std::vector<Box> boxes{{0, 0, 10, 10}, {0, 0, 10, 6}, {0, 0, 10, 5}, {20, 20, 30, 30}};
  const std::vector<float> scores{0.7F, 0.9F, 0.8F, 0.1F};
  // 1 is first; it overlaps 0 by 0.6 and 2 by 5/6.
  EXPECT_EQ(nms(boxes, scores, 0.5F, 100), (std::vector<int>{1, 3}));
  EXPECT_EQ(nms(boxes, scores, 0.7F, 100), (std::vector<int>{1, 0, 3}));
  EXPECT_EQ(nms(boxes, scores, 0.9F, 3), (std::vector<int>{1, 2, 0}));
  EXPECT_TRUE(nms(boxes, scores, 0.5F, 0).empty());
  EXPECT_TRUE(nms({}, {}, 0.5F, 100).empty());
}

TEST(Nms, AnOverlapOfJustTheThresholdIsKept) {
  const std::vector<Box> boxes{{0, 0, 10, 10}, {0, 0, 10, 5}};
  EXPECT_EQ(nms(boxes, std::vector<float>{0.9F, 0.8F}, 0.5F, 10).size(), 2U);
}

// Two boxes side by side overlap by 1/3; their centres are 5 apart, and the box around both is 15 x 10.
TEST(Nms, DistanceOfTheCentresMayCount) {
  const std::vector<Box> boxes{{0, 0, 10, 10}, {5, 0, 15, 10}};
  const std::vector<float> scores{0.9F, 0.8F};
  const std::vector<int> labels{0, 0};
  const float less = 1 / 3.0F - std::pow(25.0F / 325.0F, 0.6F);
  const auto kept = [&](NmsKind kind, float threshold) {
    return detections_by_class(boxes, scores, labels, {.iou = threshold, .kind = kind}).size();
  };
  EXPECT_EQ(kept(NmsKind::iou, 0.3F), 1U);
  EXPECT_EQ(kept(NmsKind::distance_iou, 0.3F), 2U);
  EXPECT_EQ(kept(NmsKind::distance_iou, less + 1e-4F), 2U);
  EXPECT_EQ(kept(NmsKind::distance_iou, less - 1e-4F), 1U);
}

TEST(Nms, ClassesDoNotMeet) {
  const std::vector<Box> boxes(3, Box{0, 0, 10, 10});
  const std::vector<float> scores{0.5F, 0.9F, 0.7F};
  EXPECT_EQ(nms_by_class(boxes, scores, std::vector<int>{0, 1, 1}, 0.5F, 10), (std::vector<int>{1, 0}));
  EXPECT_EQ(nms(boxes, scores, 0.5F, 10), (std::vector<int>{1}));
}

TEST(Nms, TiesGoByClassThenIndex) {
  const std::vector<Box> boxes{{0, 0, 1, 1}, {2, 0, 3, 1}, {4, 0, 5, 1}, {6, 0, 7, 1}};
  const std::vector<float> scores(4, 0.5F);
  EXPECT_EQ(nms_by_class(boxes, scores, std::vector<int>{1, 0, 1, 0}, 0.5F, 10), (std::vector<int>{1, 3, 0, 2}));
}

TEST(Nms, ScoresThatAreNoNumbersAreLeftOut) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const std::vector<Box> boxes(3, Box{0, 0, 10, 10});
  EXPECT_EQ(nms(boxes, std::vector<float>{nan, 0.1F, nan}, 0.5F, 10), (std::vector<int>{1}));
}

TEST(Nms, KeptBoxesAreApartAndTheOthersCovered) {
  for (uint64_t seed = 0; seed < 30; ++seed) {
    const Scene scene = random_scene(seed, 120);
    const std::vector<int> kept = nms_by_class(scene.boxes, scene.scores, scene.labels, 0.4F, 1000);
    for (size_t i = 0; i < scene.boxes.size(); ++i) {
      int covering = 0;
      bool chosen = false;
      for (const int k : kept) {
        const auto j = static_cast<size_t>(k);
        chosen = chosen || j == i;
        const bool covers = scene.labels[i] == scene.labels[j] && iou(scene.boxes[i], scene.boxes[j]) > 0.4F;
        if (j != i && covers && scene.scores[j] >= scene.scores[i]) ++covering;
      }
      EXPECT_EQ(chosen, covering == 0) << "seed " << seed << " box " << i;
    }
  }
}

TEST(Nms, RunningItAgainChangesNothing) {
  const Scene scene = random_scene(99, 300);
  Scene survivors;
  for (const int k : nms_by_class(scene.boxes, scene.scores, scene.labels, 0.5F, 1000)) {
    survivors.boxes.push_back(scene.boxes[static_cast<size_t>(k)]);
    survivors.scores.push_back(scene.scores[static_cast<size_t>(k)]);
    survivors.labels.push_back(scene.labels[static_cast<size_t>(k)]);
  }
  std::vector<int> all(survivors.boxes.size());
  for (size_t i = 0; i < all.size(); ++i) all[i] = static_cast<int>(i);
  EXPECT_LT(all.size(), scene.boxes.size());
  EXPECT_EQ(nms_by_class(survivors.boxes, survivors.scores, survivors.labels, 0.5F, 1000), all);
}

TEST(Nms, ALowerLimitGivesThePrefix) {
  const Scene scene = random_scene(5, 200);
  const std::vector<int> all = nms_by_class(scene.boxes, scene.scores, scene.labels, 0.5F, 1000);
  for (size_t limit = 0; limit <= all.size(); ++limit) {
    const std::vector<int> some = nms_by_class(scene.boxes, scene.scores, scene.labels, 0.5F, static_cast<int>(limit));
    EXPECT_TRUE(std::equal(some.begin(), some.end(), all.begin(), all.begin() + static_cast<std::ptrdiff_t>(limit)));
  }
}

TEST(Nms, KeepsAtMostSoManyOfEachClass) {
  const std::vector<Box> boxes{{0, 0, 1, 1}, {2, 0, 3, 1}, {4, 0, 5, 1}, {6, 0, 7, 1}, {8, 0, 9, 1}};
  const std::vector<float> scores{0.9F, 0.8F, 0.7F, 0.6F, 0.5F};
  const std::vector<int> labels{0, 0, 1, 0, 1};
  const auto kept = [&](const NmsOptions& options) {
    std::vector<float> of;
    for (const Detection& d : detections_by_class(boxes, scores, labels, options)) of.push_back(d.score);
    return of;
  };
  EXPECT_EQ(kept({}).size(), 5U);
  EXPECT_EQ(kept({.max_per_class = 1}), (std::vector<float>{0.9F, 0.7F}));
  EXPECT_EQ(kept({.max_per_class = 2}), (std::vector<float>{0.9F, 0.8F, 0.7F, 0.5F}));
  EXPECT_EQ(kept({.max_kept = 3, .max_per_class = 2}), (std::vector<float>{0.9F, 0.8F, 0.7F}));
}

// From the definition: of all boxes, one after another the best that is left, which drops what it overlaps.
std::vector<Detection> slow_agnostic(const Scene& scene, float threshold) {
  std::vector<bool> gone(scene.boxes.size(), false);
  std::vector<Detection> kept;
  for (;;) {
    int best = -1;
    for (int i = 0; i < static_cast<int>(scene.boxes.size()); ++i) {
      const auto at = static_cast<size_t>(i);
      if (gone[at]) continue;
      const auto before = [&](int other) {
        const auto o = static_cast<size_t>(other);
        return std::tuple(-scene.scores[at], scene.labels[at], i) <
               std::tuple(-scene.scores[o], scene.labels[o], other);
      };
      if (best < 0 || before(best)) best = i;
    }
    if (best < 0) return kept;
    const auto chosen = static_cast<size_t>(best);
    kept.push_back({scene.boxes[chosen], scene.labels[chosen], scene.scores[chosen]});
    for (size_t i = 0; i < scene.boxes.size(); ++i) {
      gone[i] = gone[i] || i == chosen || iou(scene.boxes[chosen], scene.boxes[i]) > threshold;
    }
  }
}

TEST(Nms, AcrossClassesEqualsTheSlowOne) {
  for (uint64_t seed = 0; seed < 40; ++seed) {
    const Scene scene = random_scene(seed, 150);
    for (const float threshold : {0.0F, 0.2F, 0.5F, 0.8F, 1.0F}) {
      const std::vector<Detection> wanted = slow_agnostic(scene, threshold);
      const std::vector<Detection> found = detections_by_class(
          scene.boxes, scene.scores, scene.labels, {.iou = threshold, .max_kept = 1000, .class_agnostic = true});
      ASSERT_EQ(found.size(), wanted.size()) << seed << " " << threshold;
      for (size_t i = 0; i < found.size(); ++i) {
        EXPECT_EQ(found[i].box, wanted[i].box);
        EXPECT_EQ(found[i].label, wanted[i].label);
        EXPECT_EQ(found[i].score, wanted[i].score);
      }
      EXPECT_LE(found.size(), nms_by_class(scene.boxes, scene.scores, scene.labels, threshold, 1000).size());
    }
  }
}

TEST(Nms, AcrossClassesStillCountsEachClassByItself) {
  const std::vector<Box> boxes{{0, 0, 1, 1}, {2, 0, 3, 1}, {4, 0, 5, 1}, {4, 0, 5, 1}};
  const std::vector<float> scores{0.9F, 0.8F, 0.7F, 0.6F};
  const auto found =
      detections_by_class(boxes, scores, std::vector<int>{0, 0, 1, 2}, {.max_per_class = 1, .class_agnostic = true});
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[1].label, 1);
}

}  // namespace
}  // namespace spinenet::detect
