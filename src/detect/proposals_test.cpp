#include "detect/proposals.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/json.h"

namespace spinenet::detect {
namespace {

// The anchors and raw outputs of tests/parity/make_roi_oracle.py.
struct Network {
  struct Grid {
    int rows, columns, stride;
  };
  std::vector<Grid> grids{{8, 10, 8}, {4, 5, 16}};
  std::vector<Box> anchors;
  std::vector<std::vector<float>> objectness, codes;
  std::vector<LevelOutput> levels;

  Network() {
    for (const Grid& grid : grids) add(grid, static_cast<int>(anchors.size()));
    for (size_t i = 0; i < grids.size(); ++i) {
      levels.push_back({objectness[i].data(), codes[i].data(), grids[i].rows, grids[i].columns});
    }
  }

  static double spread(int i, int prime) {
    return (static_cast<int64_t>(i) * prime + 104729) % 10007 / 10007.0 * 2 - 1;
  }

  void add(const Grid& grid, int first) {
    const int cells = grid.rows * grid.columns;
    objectness.emplace_back(2 * cells);
    codes.emplace_back(8 * cells);
    for (int cell = 0; cell < cells; ++cell) {
      for (int shape = 0; shape < 2; ++shape) {
        const int i = first + cell * 2 + shape;
        const double y = (cell / grid.columns + 0.5) * grid.stride;
        const double x = (cell % grid.columns + 0.5) * grid.stride;
        const double h = (shape == 0 ? 2.0 : 1.5) * grid.stride / 2;
        const double w = (shape == 0 ? 2.0 : 3.0) * grid.stride / 2;
        anchors.push_back({static_cast<float>(x - w), static_cast<float>(y - h), static_cast<float>(x + w),
                           static_cast<float>(y + h)});
        objectness.back()[static_cast<size_t>(shape * cells + cell)] = static_cast<float>(4 * spread(i, 7919));
        int k = 0;
        for (const int prime : {3571, 4409, 5279, 6133}) {
          codes.back()[static_cast<size_t>((shape * 4 + k++) * cells + cell)] =
              static_cast<float>(spread(i, prime) / 2);
        }
      }
    }
  }
};

constexpr Extent kProposalImage{60, 77};

TEST(Proposals, AreTorchvisions) {
  const Json answers = read_json(std::string(SPINENET_SOURCE_DIR) + "/tests/parity/roi_oracle.json");
  const Network network;
  for (const Json& answer : answers["proposals"]) {
    ProposalOptions options;
    options.pre_nms = answer["pre_nms"].get<int>();
    options.post_nms = answer["post_nms"].get<int>();
    options.iou = answer["iou"].get<float>();
    options.min_size = answer["min_size"].get<float>();
    const std::vector<Proposal> found = propose(network.levels, network.anchors, kProposalImage, options);
    const auto boxes = answer["boxes"].get<std::vector<float>>();
    ASSERT_EQ(found.size() * 4, boxes.size());
    for (size_t i = 0; i < found.size(); ++i) {
      EXPECT_NEAR(found[i].box.x1, boxes[4 * i], 1e-4);
      EXPECT_NEAR(found[i].box.y1, boxes[4 * i + 1], 1e-4);
      EXPECT_NEAR(found[i].box.x2, boxes[4 * i + 2], 1e-4);
      EXPECT_NEAR(found[i].box.y2, boxes[4 * i + 3], 1e-4);
    }
  }
}

TEST(Proposals, FallInScoreAndLieInThePicture) {
  const Network network;
  float last = std::numeric_limits<float>::infinity();
  for (const Proposal& p : propose(network.levels, network.anchors, kProposalImage, {})) {
    EXPECT_LE(p.logit, last);
    last = p.logit;
    EXPECT_GE(p.box.x1, 0);
    EXPECT_LE(p.box.x2, kProposalImage.width);
    EXPECT_LE(p.box.y2, kProposalImage.height);
    EXPECT_GT(p.box.area(), 0);
  }
}

TEST(Proposals, EqualScoresGoByLevelAndAnchor) {
  Network network;
  for (std::vector<float>& scores : network.objectness) std::fill(scores.begin(), scores.end(), 0.25F);
  for (std::vector<float>& codes : network.codes) std::fill(codes.begin(), codes.end(), 0.0F);
  const std::vector<Proposal> found =
      propose(network.levels, network.anchors, kProposalImage, {.pre_nms = 3, .iou = 1, .min_size = 0});
  ASSERT_EQ(found.size(), 6U);
  const size_t coarse = 2 * 8 * 10;
  for (size_t i = 0; i < 6; ++i) {
    const size_t anchor = i < 3 ? i : coarse + i - 3;
    EXPECT_EQ(found[i].box, clip(network.anchors[anchor], kProposalImage.width, kProposalImage.height)) << i;
  }
}

TEST(Proposals, WhatIsNoNumberIsLeftOut) {
  Network network;
  const float nan = std::numeric_limits<float>::quiet_NaN();
  network.objectness[0].assign(network.objectness[0].size(), nan);
  network.codes[1].assign(network.codes[1].size(), nan);
  EXPECT_TRUE(propose(network.levels, network.anchors, kProposalImage, {}).empty());
}

TEST(Proposals, AnchorsOfOtherLevelsAreRefused) {
  const Network network;
  try {
    propose(network.levels, std::span(network.anchors).first(17), kProposalImage, {});
    ADD_FAILURE() << "accepted";
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "17 anchors do not spread evenly over the 100 cells of 2 levels");
  }
}

}  // namespace
}  // namespace spinenet::detect
