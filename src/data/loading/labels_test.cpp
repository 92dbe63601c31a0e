#include "data/loading/labels.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "detect/anchors.h"
#include "detect/box_coder.h"

namespace spinenet::data {
namespace {

std::vector<Target> random_targets(int count, float size, Random& random) {
  std::vector<Target> targets;
  for (int i = 0; i < count; ++i) {
    const auto x = static_cast<float>(random.uniform(0, size - 20));
    const auto y = static_cast<float>(random.uniform(0, size - 20));
    const detect::Box box = {x, y, x + static_cast<float>(random.uniform(4, size - x)),
                             y + static_cast<float>(random.uniform(4, size - y))};
    targets.push_back({box, static_cast<int>(random.below(80)), random.chance(0.15)});
  }
  return targets;
}

TEST(Labels, HoldForEveryAnchor) {
  const std::vector<detect::Box> anchors = detect::make_anchors({}, 128, 256);
  Random random(1);
  for (int round = 0; round < 20; ++round) {
    const std::vector<Target> targets = random_targets(12, 128, random);
    const AnchorLabels labels = label_anchors(anchors, targets);
    ASSERT_EQ(labels.classes.size(), anchors.size());
    ASSERT_EQ(labels.codes.size(), anchors.size() * 4);
    int positives = 0;
    for (size_t i = 0; i < anchors.size(); ++i) {
      float best = 0;
      for (const Target& t : targets) best = t.crowd ? best : std::max(best, detect::iou(anchors[i], t.box));
      if (labels.classes[i] >= 0) {
        ++positives;
        const detect::Box box = detect::decode(std::span<const float, 4>(labels.codes.data() + 4 * i, 4), anchors[i]);
        const bool on_target = std::ranges::any_of(targets, [&](const Target& t) {
          return !t.crowd && t.label == labels.classes[i] && detect::iou(t.box, box) > 0.999F;
        });
        EXPECT_TRUE(on_target) << "anchor " << i;
      } else {
        EXPECT_LT(best, 0.5F + 1e-6F) << "anchor " << i;
      }
    }
    EXPECT_EQ(labels.positives, positives);
  }
}

TEST(Labels, EveryBoxFindsAnAnchor) {
  const std::vector<detect::Box> anchors = detect::make_anchors({}, 128, 128);
  Random random(2);
  for (int round = 0; round < 50; ++round) {
    std::vector<Target> targets = random_targets(5, 128, random);
    for (int i = 0; i < 5; ++i) targets[static_cast<size_t>(i)] = {targets[static_cast<size_t>(i)].box, i, false};
    const AnchorLabels labels = label_anchors(anchors, targets);
    for (int i = 0; i < 5; ++i) EXPECT_TRUE(std::ranges::find(labels.classes, i) != labels.classes.end());
  }
}

TEST(Labels, WithoutBoxesAllIsBackground) {
  const std::vector<detect::Box> anchors = detect::make_anchors({}, 128, 128);
  const AnchorLabels labels = label_anchors(anchors, {});
  EXPECT_EQ(labels.positives, 0);
  EXPECT_EQ(std::ranges::count(labels.classes, detect::kBackground), static_cast<std::ptrdiff_t>(anchors.size()));
}

TEST(Labels, CrowdsAreIgnoredAndNeverLearned) {
  const std::vector<detect::Box> anchors = {{0, 0, 10, 10}, {5, 0, 15, 10}, {40, 40, 50, 50}, {6, 0, 16, 10}};
  const std::vector<Target> crowd = {{{0, 0, 10, 10}, 3, true}};
  EXPECT_EQ(label_anchors(anchors, crowd).classes,
            (std::vector<int32_t>{detect::kIgnored, detect::kBackground, detect::kBackground, detect::kBackground}));
  const std::vector<Target> both = {{{0, 0, 10, 10}, 3, true}, {{0, 0, 10, 9}, 1, false}};
  const AnchorLabels labels = label_anchors(anchors, both);
  EXPECT_EQ(labels.classes[0], 1);
  EXPECT_EQ(labels.positives, 1);
}

}  // namespace
}  // namespace spinenet::data
