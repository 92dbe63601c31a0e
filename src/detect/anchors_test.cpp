#include "detect/anchors.h"

#include <cmath>

#include <gtest/gtest.h>

#include "base/error.h"

namespace spinenet::detect {
namespace {

void expect_near(const Box& found, const Box& wanted) {
  EXPECT_NEAR(found.x1, wanted.x1, 1e-4);
  EXPECT_NEAR(found.y1, wanted.y1, 1e-4);
  EXPECT_NEAR(found.x2, wanted.x2, 1e-4);
  EXPECT_NEAR(found.y2, wanted.y2, 1e-4);
}

// Of a level beyond the coarsest stride the cells stay, and anchors grow as they do with levels.
TEST(Anchors, OfCellsThatStayAreOfTheirLevel) {
  AnchorOptions options{.min_level = 4, .max_level = 6, .scales = 1, .aspect_ratios = {1.0}, .coarsest_stride = 16};
  const std::vector<Box> anchors = make_anchors(options, 48, 32);
  ASSERT_EQ(anchors.size(), 3U * 6);
  for (size_t level = 0; level < 3; ++level) {
    const Box& second = anchors[level * 6 + 1];
    EXPECT_EQ(second.width(), static_cast<float>(3 * (16 << level)));
    EXPECT_EQ(second.x1 + second.x2, 48);  // its middle is at 24
    EXPECT_EQ(second.y1 + second.y2, 16);
  }
  EXPECT_EQ(largest_stride(options), 16);
  options.coarsest_stride = 0;
  EXPECT_THROW(make_anchors(options, 48, 32), Error);
}

TEST(Anchors, FirstCellByHand) {
  const std::vector<Box> anchors = make_anchors({}, 128, 128);
  // Level 3, centre (4, 4), side 3 * 8 = 24: square, twice as wide as high, twice as high as wide.
  expect_near(anchors[0], {-8, -8, 16, 16});
  const float a = 12 * std::sqrt(2.0F);
  const float b = 12 / std::sqrt(2.0F);
  expect_near(anchors[1], {4 - a, 4 - b, 4 + a, 4 + b});
  expect_near(anchors[2], {4 - b, 4 - a, 4 + b, 4 + a});
  // The second scale is the third root of 2 larger.
  const float side = 12 * std::cbrt(2.0F);
  expect_near(anchors[3], {4 - side, 4 - side, 4 + side, 4 + side});
}

TEST(Anchors, OrderIsLevelRowColumn) {
  const std::vector<Box> anchors = make_anchors({}, 128, 256);
  ASSERT_EQ(anchors.size(), 9U * (16 * 32 + 8 * 16 + 4 * 8 + 2 * 4 + 1 * 2));
  expect_near(anchors[9], {0, -8, 24, 16});               // next column
  expect_near(anchors[9 * 32], {-8, 0, 16, 24});          // next row
  expect_near(anchors[9 * 16 * 32], {-16, -16, 32, 32});  // level 4, centre (8, 8), side 48
  expect_near(anchors[anchors.size() - 9], {192 - 192, 64 - 192, 192 + 192, 64 + 192});  // level 7, second cell
}

TEST(Anchors, CountAndAreaFollowTheOptions) {
  const AnchorOptions options{.min_level = 4, .max_level = 5, .scales = 2, .aspect_ratios = {0.25, 3}, .size = 5};
  EXPECT_EQ(anchors_per_cell(options), 4);
  const std::vector<Box> anchors = make_anchors(options, 64, 32);
  ASSERT_EQ(anchors.size(), 4U * (4 * 2 + 2 * 1));
  for (size_t i = 0; i < anchors.size(); ++i) {
    const int level = i < 32 ? 4 : 5;
    const double side = 5 * std::exp2(level + (i % 4 < 2 ? 0.0 : 0.5));
    EXPECT_NEAR(anchors[i].area() / (side * side), 1, 1e-5) << i;
    EXPECT_NEAR(anchors[i].width() / anchors[i].height(), i % 2 == 0 ? 0.25 : 3, 1e-5) << i;
  }
}

// What torchvision's AnchorGenerator gives for sizes (32, 40, 50) and ratios (0.5, 1, 2) of height to width.
TEST(Anchors, OfWholePixelsStandRoundTheCornersOfTheirCells) {
  const AnchorOptions options{.aspect_ratios = {2.0, 1.0, 0.5}, .size = 4, .whole_pixels = true};
  const std::vector<Box> anchors = make_anchors(options, 128, 128);
  const std::vector<Box> first{{-23, -11, 23, 11}, {-16, -16, 16, 16}, {-11, -23, 11, 23},
                               {-28, -14, 28, 14}, {-20, -20, 20, 20}, {-14, -28, 14, 28},
                               {-35, -18, 35, 18}, {-25, -25, 25, 25}, {-18, -35, 18, 35}};
  for (size_t i = 0; i < first.size(); ++i) {
    const Box& a = anchors[i];
    const Box& second = anchors[first.size() + i];
    EXPECT_EQ(std::tuple(a.x1, a.y1, a.x2, a.y2), std::tuple(first[i].x1, first[i].y1, first[i].x2, first[i].y2)) << i;
    EXPECT_EQ(std::tuple(second.x1, second.y1), std::tuple(first[i].x1 + 8, first[i].y1)) << i;
  }
  // The third side of level 5, 203.2 pixels, is 203: half of it is rounded to the even number.
  const Box& square = anchors[size_t{9} * (256 + 64) + 7];
  EXPECT_EQ(std::tuple(square.x1, square.x2), std::tuple(-102.0F, 102.0F));
  EXPECT_THROW(make_anchors({.size = 0.2, .whole_pixels = true}, 128, 128), Error);
}

TEST(Anchors, SizesThatDoNotDivideAreRefused) {
  try {
    make_anchors({}, 640, 600);
    FAIL() << "600 is no multiple of 128";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    EXPECT_NE(std::string(error.what()).find("multiples of 128"), std::string::npos) << error.what();
  }
  EXPECT_THROW(make_anchors({}, 0, 128), Error);
  EXPECT_THROW(make_anchors({.scales = 0}, 128, 128), Error);
  EXPECT_THROW(make_anchors({.aspect_ratios = {1, 0}}, 128, 128), Error);
  EXPECT_THROW(make_anchors({.min_level = 5, .max_level = 4}, 128, 128), Error);
}

}  // namespace
}  // namespace spinenet::detect
