#include "graph/anchors.h"

#include <gtest/gtest.h>

#include "arch/families.h"

namespace spinenet::graph {
namespace {

TEST(InputSize, IsRoundedUpToWhereLevelsMeet) {
  EXPECT_EQ(input_size(640, 128), 640);
  EXPECT_EQ(input_size(641, 128), 768);
  EXPECT_EQ(input_size(1, 128), 128);
  EXPECT_EQ(input_size(100, 32), 128);
}

TEST(Anchors, AreThoseOfTheArchitecture) {
  arch::Architecture a = arch::named_architecture("spinenet-49s");
  a.head.aspect_ratios = {1, 3};
  a.head.anchor_size = 3;
  a.two_stage.anchor_size = 5;
  EXPECT_EQ(anchor_options(a).aspect_ratios, a.head.aspect_ratios);
  EXPECT_EQ(anchor_options(a).size, 3);
  EXPECT_EQ(proposal_anchors(a).size, 5);
  EXPECT_EQ(proposal_anchors(a).scales, a.two_stage.scales);
  for (const detect::AnchorOptions& anchors : {anchor_options(a), proposal_anchors(a)}) {
    EXPECT_EQ(anchors.min_level, a.min_level);
    EXPECT_EQ(anchors.max_level, a.max_level);
  }
}

TEST(Anchors, OfADetNetStandNoFartherApartThanItsCells) {
  const arch::Architecture a = arch::named_architecture("detnet-59-fpn");
  EXPECT_EQ(arch::coarsest_stride(a), 16);
  for (const detect::AnchorOptions& anchors : {anchor_options(a), proposal_anchors(a)}) {
    EXPECT_EQ(detect::stride_of(anchors, 3), 8);
    EXPECT_EQ(detect::stride_of(anchors, 6), 16);
    EXPECT_EQ(detect::make_anchors(anchors, 64, 64).size(),
              static_cast<size_t>(detect::anchors_per_cell(anchors)) * (64 + 3 * 16));
  }
  EXPECT_EQ(detect::largest_stride(anchor_options(arch::named_architecture("spinenet-49"))), 128);
}

TEST(YoloLevels, AreThoseOfTheArchitecture) {
  const auto tiny = yolo_levels(arch::named_architecture("yolov4-tiny"));
  ASSERT_EQ(tiny.size(), 2U);
  EXPECT_EQ(tiny[0], (detect::YoloLevel{{{23, 27}, {37, 58}, {81, 82}}, 1.05F, 16}));
  EXPECT_EQ(tiny[1], (detect::YoloLevel{{{81, 82}, {135, 169}, {344, 319}}, 1.05F, 32}));
  const auto whole = yolo_levels(arch::named_architecture("yolov4"));
  ASSERT_EQ(whole.size(), 3U);
  EXPECT_EQ(whole[0].scale_xy, 1.2F);
  EXPECT_EQ(whole[2].anchors[2], (std::array<float, 2>{459, 401}));
}

// Three for each level, as large as a square of three times 2^level pixels.
TEST(YoloLevels, OfOtherPyramidsFollowTheirLevels) {
  const auto levels = yolo_levels(arch::named_architecture("spinenet-49"));
  ASSERT_EQ(levels.size(), 5U);
  for (size_t i = 0; i < levels.size(); ++i) {
    const float side = 3.0F * static_cast<float>(8 << i);
    ASSERT_EQ(levels[i].anchors.size(), 3U);
    EXPECT_EQ(levels[i].anchors[0], (std::array<float, 2>{side, side}));
    EXPECT_NEAR(levels[i].anchors[1][0], 2 * levels[i].anchors[1][1], 1e-3);
    EXPECT_NEAR(levels[i].anchors[2][0] * levels[i].anchors[2][1], side * side, 0.1);
    EXPECT_EQ(levels[i].scale_xy, 1.05F);
    EXPECT_EQ(levels[i].stride, 8 << i);
  }
  EXPECT_EQ(yolo_levels(arch::named_architecture("detnet-59-fpn")).back().stride, 16);
}

}  // namespace
}  // namespace spinenet::graph
