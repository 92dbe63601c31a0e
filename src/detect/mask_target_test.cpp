#include "detect/mask_target.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <gtest/gtest.h>

#include "base/json.h"
#include "base/random.h"
#include "detect/mask.h"
#include "detect/roi_align.h"

namespace spinenet::detect {
namespace {

constexpr int kTargetSize = 28;
constexpr int64_t kHeight = 60;
constexpr int64_t kWidth = 75;

struct Oracle {
  Json answers = read_json(std::string(SPINENET_SOURCE_DIR) + "/tests/parity/mask_oracle.json");

  std::vector<Box> rois() const {
    std::vector<Box> boxes;
    for (const auto& row : answers["rois"].get<std::vector<std::array<float, 4>>>()) {
      boxes.push_back({row[0], row[1], row[2], row[3]});
    }
    return boxes;
  }
  ObjectMask polygons() const {
    ObjectMask mask;
    mask.shape.polygons = answers["polygons"].get<std::vector<std::vector<double>>>();
    return mask;
  }
  ObjectMask rle() const {
    ObjectMask mask;
    std::vector<Rle> parts;
    for (const auto& polygon : polygons().shape.polygons) parts.push_back(rle_from_polygon(polygon, kHeight, kWidth));
    mask.shape.rle = merge(parts);
    return mask;
  }
};

std::string text(const std::vector<uint8_t>& cells) {
  std::string digits;
  for (const uint8_t cell : cells) digits += static_cast<char>('0' + cell);
  return digits;
}

TEST(MaskTarget, PolygonsAndRunsAreCutAsByDetectron2) {
  const Oracle oracle;
  const std::vector<Box> rois = oracle.rois();
  for (size_t i = 0; i < rois.size(); ++i) {
    EXPECT_EQ(text(mask_target(oracle.polygons(), rois[i], kTargetSize)), oracle.answers["drawn"][i]) << "ROI " << i;
    EXPECT_EQ(text(mask_target(oracle.rle(), rois[i], kTargetSize)), oracle.answers["read"][i]) << "ROI " << i;
  }
}

Box moved(const Box& b, const AxisMap& y, const AxisMap& x) {
  const auto [x1, x2] = std::minmax({x.to_input(b.x1), x.to_input(b.x2)});
  const auto [y1, y2] = std::minmax({y.to_input(b.y1), y.to_input(b.y2)});
  return {static_cast<float>(x1), static_cast<float>(y1), static_cast<float>(x2), static_cast<float>(y2)};
}

int differing(const std::vector<uint8_t>& a, const std::vector<uint8_t>& b) {
  int count = 0;
  for (size_t i = 0; i < a.size(); ++i) count += a[i] != b[i] ? 1 : 0;
  return count;
}

TEST(MaskTarget, MovesWithTheImage) {
  const Oracle oracle;
  const Box roi{10.1F, 8.3F, 63.7F, 50.9F};
  const AxisMap y{1.75, -20};
  const AxisMap x{0.625, 31.5};
  for (ObjectMask mask : {oracle.polygons(), oracle.rle()}) {
    const std::vector<uint8_t> before = mask_target(mask, roi, kTargetSize);
    mask.y = y;
    mask.x = x;
    EXPECT_LE(differing(before, mask_target(mask, moved(roi, y, x), kTargetSize)), 3)
        << "single precision at the borders";
  }
}

TEST(MaskTarget, IsMirroredWithTheImage) {
  const Oracle oracle;
  const Box roi{10.1F, 8.3F, 63.7F, 50.9F};
  const AxisMap mirrored{-1, kWidth};
  for (ObjectMask mask : {oracle.polygons(), oracle.rle()}) {
    std::vector<uint8_t> expected = mask_target(mask, roi, kTargetSize);
    for (int row = 0; row < kTargetSize; ++row) {
      std::reverse(expected.begin() + row * kTargetSize, expected.begin() + (row + 1) * kTargetSize);
    }
    mask.x = mirrored;
    // A drawn outline may take the cell on the other side of its middle.
    EXPECT_LE(differing(expected, mask_target(mask, moved(roi, {}, mirrored), kTargetSize)), 40);
    mask.x = then(mirrored, mirrored);
    EXPECT_EQ(mask.x, AxisMap{});
  }
}

// Cells far from the object are not read one by one; those near it are, wherever the ROI lies.
TEST(MaskTarget, EveryCellIsWhatRoiAlignReadsThere) {
  constexpr int kImage = 60, kGrid = 16;
  Random random(1);
  for (int round = 0; round < 300; ++round) {
    const auto draw = [&](int below) { return static_cast<int>(random.below(below)); };
    const int left = draw(kImage), top = draw(kImage);
    const int right = std::min(kImage, left + 1 + draw(12)), bottom = std::min(kImage, top + 1 + draw(12));
    std::vector<uint8_t> pixels(kImage * kImage, 0);
    std::vector<float> map(kImage * kImage, 0);
    for (int y = top; y < bottom; ++y) {
      for (int x = left; x < right; ++x) {
        pixels[static_cast<size_t>(y * kImage + x)] = 1;
        map[static_cast<size_t>(y * kImage + x)] = 1;
      }
    }
    ObjectMask mask;
    mask.shape.rle = encode_mask(pixels, kImage, kImage);
    const auto place = [&] { return static_cast<float>(random.uniform(-20, kImage + 20)); };
    const float x = place(), y = place();
    const Box roi{x, y, x + static_cast<float>(random.uniform(0.2, 90)),
                  y + static_cast<float>(random.uniform(0.2, 90))};
    std::vector<float> shares(kGrid * kGrid);
    roi_align(std::array{FeatureLevel{{0, kImage, kImage}, map.data()}}, std::array{roi}, {.bins = kGrid, .samples = 0},
              shares);
    const std::vector<uint8_t> cells = mask_target(mask, roi, kGrid);
    int differ = 0;
    for (size_t cell = 0; cell < shares.size(); ++cell) {
      if (std::abs(shares[cell] - 0.5F) > 1e-4F && (cells[cell] != 0) != (shares[cell] >= 0.5F)) ++differ;
    }
    EXPECT_EQ(differ, 0) << "round " << round;
  }
}

TEST(MaskTarget, RunsOverTheInputAreThePixelsOfTheWholeInput) {
  const Oracle oracle;
  constexpr int kSide = 64;
  for (const ObjectMask& whole : {oracle.polygons(), oracle.rle(), ObjectMask{}}) {
    for (const AxisMap& x : {AxisMap{}, AxisMap{0.7, -3.25}, AxisMap{-1, kSide}, AxisMap{1, 500}}) {
      for (const AxisMap& y : {AxisMap{}, AxisMap{1.9, -30}}) {
        const ObjectMask mask{whole.shape, y, x};
        EXPECT_EQ(decode_mask(mask_over_input(mask, kSide)), mask_target(mask, {0, 0, kSide, kSide}, kSide));
      }
    }
  }
  ObjectMask of_input;
  of_input.shape.rle = {3, 3, {1, 4, 2, 1, 1}};
  EXPECT_EQ(mask_over_input(of_input, 3), of_input.shape.rle);
  EXPECT_EQ(decode_mask(mask_over_input(of_input, 3)), mask_target(of_input, {0, 0, 3, 3}, 3));
}

TEST(MaskTarget, ARoiBesideTheObjectIsEmpty) {
  const Oracle oracle;
  for (const ObjectMask& mask : {oracle.polygons(), oracle.rle()}) {
    for (const Box& roi : {Box{500, 500, 520, 530}, Box{-90, -90, -50, -50}, Box{1, 1, 1, 1}}) {
      const std::vector<uint8_t> cells = mask_target(mask, roi, 4);
      EXPECT_EQ(cells, std::vector<uint8_t>(16, 0));
    }
  }
}

TEST(MaskTarget, PointsFarAwayAndTinyRoisAreNoHarm) {
  ObjectMask mask;
  mask.shape.polygons = {{-2e8, -2e8, 2e8, -2e8, 2e8, 2e8, -2e8, 2e8}};
  EXPECT_EQ(mask_target(mask, {20, 15, 20.001F, 15.001F}, 7), std::vector<uint8_t>(49, 1));
  mask.shape = {};
  mask.shape.rle = {3, 3, {0, 9}};
  EXPECT_EQ(mask_target(mask, {1.2F, 1.2F, 1.3F, 1.3F}, 7), std::vector<uint8_t>(49, 1));
  EXPECT_EQ(mask_target(mask, {-1e9F, -1e9F, 1e9F, 1e9F}, 2).size(), 4U);
}

TEST(MaskTarget, TheWholeRoiWithinTheObjectIsFull) {
  const Oracle oracle;
  for (const ObjectMask& mask : {oracle.polygons(), oracle.rle()}) {
    EXPECT_EQ(mask_target(mask, {20, 15, 30, 25}, 7), std::vector<uint8_t>(49, 1));
  }
}

TEST(AxisMap, GoThereAndBack) {
  const AxisMap map = then(then({-1, 75}, {1, -10}), {0.5, 3});
  EXPECT_DOUBLE_EQ(map.to_input(20), ((75.0 - 20) - 10) * 0.5 + 3);
  EXPECT_DOUBLE_EQ(map.to_image(map.to_input(20)), 20);
}

}  // namespace
}  // namespace spinenet::detect
