#include "detect/roi_align.h"

#include <cmath>
#include <numeric>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/json.h"
#include "base/random.h"

namespace spinenet::detect {
namespace {

constexpr int kChannels = 2;
constexpr LevelShape kShape{3, 9, 12};

// The maps of tests/parity/make_roi_oracle.py.
std::vector<float> features() {
  std::vector<float> values;
  for (int c = 0; c < kChannels; ++c) {
    for (int y = 0; y < kShape.height; ++y) {
      for (int x = 0; x < kShape.width; ++x) {
        values.push_back(static_cast<float>((7 * c + 3 * y + 5 * x + y * x) % 11 - 5) / 4);
      }
    }
  }
  return values;
}

std::vector<float> ramp_gradient(size_t count) {
  std::vector<float> values;
  for (size_t i = 0; i < count; ++i) values.push_back((static_cast<float>(i * 5 % 13) - 6) / 8);
  return values;
}

Json oracle() {
  return read_json(std::string(SPINENET_SOURCE_DIR) + "/tests/parity/roi_oracle.json");
}

std::vector<Box> boxes_of(const Json& rows) {
  std::vector<Box> boxes;
  for (const auto& row : rows.get<std::vector<std::array<float, 4>>>())
    boxes.push_back({row[0], row[1], row[2], row[3]});
  return boxes;
}

void expect_near(const std::vector<float>& ours, const std::vector<float>& theirs) {
  ASSERT_EQ(ours.size(), theirs.size());
  for (size_t i = 0; i < ours.size(); ++i) EXPECT_NEAR(ours[i], theirs[i], 2e-6) << "value " << i;
}

TEST(RoiAlign, ALevelBeginsAtItsLeastSide) {
  EXPECT_EQ(least_roi_side(4), 224);
  for (int level = 4; level <= 7; ++level) {
    const auto side = static_cast<float>(least_roi_side(level));
    EXPECT_EQ(roi_level({0, 0, side, side}, 3, 7), level);
    EXPECT_EQ(roi_level({0, 0, side - 1, side}, 3, 7), level - 1);
  }
}

TEST(RoiAlign, IsTorchvisionsForwardAndBackward) {
  const Json answers = oracle();
  const std::vector<Box> rois = boxes_of(answers["rois"]);
  const std::vector<float> maps = features();
  for (const Json& answer : answers["align"]) {
    RoiAlignOptions options;
    options.bins = 3;
    options.samples = answer["samples"].get<int>();
    options.half_cell = answer["half_cell"].get<bool>();
    options.least_cell = !options.half_cell;
    std::vector<float> out(rois.size() * kChannels * 9);
    roi_align(std::array{FeatureLevel{kShape, maps.data()}}, rois, options, out);
    expect_near(out, answer["out"].get<std::vector<float>>());
    std::vector<float> gradient(maps.size());
    roi_align_backward(ramp_gradient(out.size()), rois, options, std::array{GradientLevel{kShape, gradient.data()}});
    expect_near(gradient, answer["gradient"].get<std::vector<float>>());
  }
}

// On a map whose cells hold their column, a point reads where it is: the middle of each bin, from the corner of the
// cell on, also in a ROI that is smaller than a cell.
TEST(RoiAlign, SinglePointsStandInTheMiddleOfTheirBins) {
  std::vector<float> columns(8 * 8);
  for (size_t i = 0; i < columns.size(); ++i) columns[i] = static_cast<float>(i % 8);
  const std::array pyramid{FeatureLevel{{3, 8, 8}, columns.data()}};
  std::vector<float> out(2 * 4);
  roi_align(pyramid, std::vector<Box>{{8, 8, 40, 40}, {16, 16, 20, 20}}, roi_align_options(2, kAnyStride, true), out);
  EXPECT_EQ(out, (std::vector<float>{2, 4, 2, 4, 2.125, 2.375, 2.125, 2.375}));
  roi_align(pyramid, std::vector<Box>{{8, 8, 40, 40}, {16, 16, 20, 20}}, roi_align_options(2, kAnyStride, false), out);
  EXPECT_EQ(out, (std::vector<float>{1.5, 3.5, 1.5, 3.5, 1.625, 1.875, 1.625, 1.875}));
}

TEST(RoiAlign, LevelsAreThoseOfFpn) {
  const Json answers = oracle();
  const auto sides = answers["sides"].get<std::vector<float>>();
  const auto levels = answers["levels"].get<std::vector<int>>();
  for (size_t i = 0; i < sides.size(); ++i) {
    EXPECT_EQ(roi_level({0, 0, sides[i], sides[i]}, 3, 7), levels[i]) << sides[i];
  }
  EXPECT_EQ(roi_level({0, 0, 224, 224}, 3, 7), 4);  // the border belongs to the coarser level
  EXPECT_EQ(roi_level({0, 0, 112, 448}, 3, 7), 4);
  EXPECT_EQ(roi_level({5, 5, 5, 5}, 3, 7), 3);
  EXPECT_EQ(roi_level({0, 0, 1e6F, 1e6F}, 3, 6), 6);
}

TEST(RoiAlign, EachRoiReadsItsOwnLevel) {
  const std::vector<float> fine(32 * 32, 1.0F);
  const std::vector<float> coarse(16 * 16, 2.0F);
  const std::array pyramid{FeatureLevel{{4, 32, 32}, fine.data()}, FeatureLevel{{5, 16, 16}, coarse.data()}};
  const std::vector<Box> rois{{0, 0, 500, 500}, {10, 10, 60, 60}};
  std::vector<float> out(2 * 4);
  roi_align(pyramid, rois, {.bins = 2}, out);
  for (size_t i = 0; i < 8; ++i) EXPECT_NEAR(out[i], i < 4 ? 2 : 1, 1e-6);
}

// Beyond the coarsest stride the maps keep their size, and a ROI of the next level reads as many pixels for a cell.
TEST(RoiAlign, ReadsTheCellsOfLevelsThatKeepTheirStride) {
  std::vector<float> map(16 * 16);
  for (size_t i = 0; i < map.size(); ++i) map[i] = static_cast<float>(i % 16);
  std::vector<float> out(1);
  const RoiAlignOptions options{.bins = 1, .coarsest_stride = 16};
  roi_align(std::array{FeatureLevel{{6, 16, 16}, map.data()}}, std::array{Box{32, 32, 96, 96}}, options, out);
  EXPECT_NEAR(out[0], 64.0 / 16 - 0.5, 1e-6);
}

// A map that rises evenly is read exactly, whatever the place: the property that rounding to cells lacks.
TEST(RoiAlign, ReadsAnEvenSlopeExactly) {
  std::vector<float> map;
  for (int y = 0; y < 16; ++y) {
    for (int x = 0; x < 16; ++x) map.push_back(static_cast<float>(3 * y + x));
  }
  Random random(5);
  for (int i = 0; i < 50; ++i) {
    const auto x = static_cast<float>(random.uniform(8, 60));
    const auto y = static_cast<float>(random.uniform(8, 60));
    const auto w = static_cast<float>(random.uniform(1, 60));
    const auto h = static_cast<float>(random.uniform(1, 60));
    std::vector<float> out(4);
    roi_align(std::array{FeatureLevel{{3, 16, 16}, map.data()}}, std::array{Box{x, y, x + w, y + h}}, {.bins = 2}, out);
    const auto expected = [&](float fy, float fx) { return 3 * ((y + fy * h) / 8 - 0.5F) + (x + fx * w) / 8 - 0.5F; };
    EXPECT_NEAR(out[0], expected(0.25F, 0.25F), 1e-4);
    EXPECT_NEAR(out[3], expected(0.75F, 0.75F), 1e-4);
  }
}

TEST(RoiAlign, WeightsOfABinSumToOneWithinTheMap) {
  const RoiBins read = roi_bins({-3, 2, 90, 70}, kShape, {.bins = 5, .samples = 0});
  ASSERT_EQ(read.ends.size(), 25U);
  EXPECT_EQ(read.ends.back(), static_cast<int64_t>(read.cells.size()));
  int64_t begin = 0;
  for (const int64_t end : read.ends) {
    float sum = 0;
    for (; begin < end; ++begin) {
      sum += read.weights[static_cast<size_t>(begin)];
      EXPECT_LT(read.cells[static_cast<size_t>(begin)], kShape.height * kShape.width);
    }
    EXPECT_NEAR(sum, 1, 1e-5);
  }
}

TEST(RoiAlign, AWindowOfBinsReadsWhatTheseBinsRead) {
  const Box roi{-3, 2, 90, 70};
  const RoiAlignOptions options{.bins = 5, .samples = 0};
  const RoiBins all = roi_bins(roi, kShape, options);
  const BinWindow window{1, 2, 4, 5};
  const RoiBins some = roi_bins(roi, kShape, options, window);
  size_t at = 0, bin = 0;
  for (int row = window.top; row < window.bottom; ++row) {
    for (int column = window.left; column < window.right; ++column, ++bin) {
      const auto whole = static_cast<size_t>(row * options.bins + column);
      for (auto i = static_cast<size_t>(all.ends[whole - 1]); i < static_cast<size_t>(all.ends[whole]); ++i, ++at) {
        ASSERT_LT(at, some.cells.size());
        EXPECT_EQ(some.cells[at], all.cells[i]);
        EXPECT_EQ(some.weights[at], all.weights[i]);
      }
      EXPECT_EQ(some.ends[bin], static_cast<int64_t>(at));
    }
  }
  EXPECT_EQ(at, some.cells.size());
  EXPECT_TRUE(roi_bins(roi, kShape, options, {2, 2, 2, 5}).ends.empty());
}

TEST(RoiAlign, WithoutRoisThereIsNothingToDo) {
  std::vector<float> out;
  roi_align({}, {}, {}, out);
  EXPECT_TRUE(out.empty());
}

TEST(RoiAlign, AnOutputOfAnotherSizeIsRefused) {
  const std::vector<float> maps = features();
  std::vector<float> out(10);
  try {
    roi_align(std::array{FeatureLevel{kShape, maps.data()}}, std::array{Box{0, 0, 8, 8}}, {.bins = 3}, out);
    ADD_FAILURE() << "accepted";
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "ROI align: 10 values do not spread evenly over 9 bins");
  }
}

}  // namespace
}  // namespace spinenet::detect
