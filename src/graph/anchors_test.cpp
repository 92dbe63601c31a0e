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

}  // namespace
}  // namespace spinenet::graph
