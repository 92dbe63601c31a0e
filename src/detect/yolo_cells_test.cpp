#include "detect/yolo_cells.h"

#include <cmath>

#include <gtest/gtest.h>

#include "detect/yolo_targets.h"

namespace spinenet::detect {
namespace {

const std::vector<YoloLevel> kLevels{{{{10, 20}, {30, 15}}, 1.25F, 8}, {{{40, 60}}, 1, 16}};

float sigmoid(float x) {
  return 1 / (1 + std::exp(-x));
}

TEST(YoloCellsTest, AreAsManyAsTheAnchorCellsAndInTheirOrder) {
  const auto cells = yolo_cells(kLevels, {32, 48});
  const YoloAnchors anchors{{{10, 20}, {30, 15}, {40, 60}}, {{0, 1}, {2}}, {8, 16}, 0.213F};
  ASSERT_EQ(static_cast<int64_t>(cells.size()), anchor_cells(anchors, {32, 48}));
  EXPECT_EQ(cells[0], (std::array<float, 5>{-1, -1, 10, 10, 20}));
  EXPECT_EQ(cells[3], (std::array<float, 5>{7, -1, 10, 30, 15}));
  EXPECT_EQ(cells[4 * 6 * 2 + 4], (std::array<float, 5>{16, 16, 16, 40, 60}));
}

TEST(YoloCellsTest, DecodeAsTheHeadDoes) {
  const std::array<float, 4> code{0.4F, -0.7F, 0.2F, -0.3F};
  const auto cells = yolo_cells(kLevels, {32, 48});
  const auto& [x, y, range, width, height] = cells[(2 * 6 + 5) * 2 + 1];
  const Box box = decode_yolo(code, kLevels[0], {2, 5, 1});
  EXPECT_NEAR((box.x1 + box.x2) / 2, x + range * sigmoid(code[0]), 1e-4F);
  EXPECT_NEAR((box.y1 + box.y2) / 2, y + range * sigmoid(code[1]), 1e-4F);
  EXPECT_NEAR(box.width(), width * std::exp(code[2]), 1e-4F);
  EXPECT_NEAR(box.height(), height * std::exp(code[3]), 1e-4F);
}

}  // namespace
}  // namespace spinenet::detect
