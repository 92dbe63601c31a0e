// Polygon to run-length code. The rule is the COCO API's: the outline is drawn on a grid five times finer, a pixel
// column is entered or left where the outline passes the middle of that column, and the rows at which it does so are
// the borders of the runs. Here only those crossings are computed, not every point of the outline.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <utility>

#include "base/error.h"
#include "base/format.h"
#include "detect/mask.h"

namespace spinenet::detect {
namespace {

constexpr int64_t kFiner = 5;                 // points of the fine grid per pixel
constexpr int64_t kMiddle = 2;                // a pixel's middle column among them
constexpr double kFarthest = 1 << 28;         // pixels; keeps the fine grid within 32 bits
constexpr int64_t kLargestMask = 0xffffffff;  // pixels; runs are 32-bit

struct FinePoint {
  int64_t x, y;
};

// The COCO API's rounding: towards 0 after adding one half, so that it differs from lround below 0.
int64_t rounded(double value) {
  // NOLINTNEXTLINE(bugprone-incorrect-roundings)
  return static_cast<int64_t>(value + .5);
}

FinePoint fine_point(double x, double y) {
  if (!(std::abs(x) < kFarthest && std::abs(y) < kFarthest)) {
    fail(ErrorKind::bad_data, fmt::format("a polygon has the point ({}, {})", x, y));
  }
  const double scale = kFiner;
  return {rounded(scale * x), rounded(scale * y)};
}

// The runs' borders as pixel positions, column by column.
class Crossings {
 public:
  Crossings(int64_t height, int64_t width) : height_(height), width_(width) {}

  void add_edge(FinePoint from, FinePoint to) {
    const int64_t dx = std::abs(to.x - from.x);
    const int64_t dy = std::abs(to.y - from.y);
    if (dx == 0) return;
    if (dx >= dy) {
      if (from.x > to.x) std::swap(from, to);
      add_flat(from, to);
    } else {
      if (from.y > to.y) std::swap(from, to);
      add_steep(from, to);
    }
  }

  Rle to_rle() {
    std::sort(positions_.begin(), positions_.end());
    Rle rle{height_, width_, {}};
    const int64_t total = height_ * width_;
    uint32_t run_begin = 0;
    for (size_t i = 0; i < positions_.size();) {
      size_t same = i;
      while (same < positions_.size() && positions_[same] == positions_[i]) ++same;
      if ((same - i) % 2 == 1 && positions_[i] < total) {  // a border passed twice is none
        rle.counts.push_back(positions_[i] - run_begin);
        run_begin = positions_[i];
      }
      i = same;
    }
    rle.counts.push_back(static_cast<uint32_t>(total - run_begin));
    return rle;
  }

 private:
  // Pixel columns whose middle lies in [low, high) of the fine grid.
  std::pair<int64_t, int64_t> columns(int64_t low, int64_t high) const {
    const int64_t first = low <= kMiddle ? 0 : (low - kMiddle + kFiner - 1) / kFiner;
    const int64_t end = high <= kMiddle ? 0 : (high - kMiddle + kFiner - 1) / kFiner;
    return {first, std::min(end, width_)};
  }

  // y is the upper fine row of the step that passes the column's middle.
  void add(int64_t column, int64_t y) {
    const int64_t row = y <= kMiddle ? 0 : std::min((y - kMiddle + kFiner - 1) / kFiner, height_);
    positions_.push_back(static_cast<uint32_t>(column * height_ + row));
  }

  // One point per fine column.
  void add_flat(FinePoint from, FinePoint to) {
    const double slope = static_cast<double>(to.y - from.y) / static_cast<double>(to.x - from.x);
    const auto y_at = [&](int64_t t) { return rounded(static_cast<double>(from.y) + slope * static_cast<double>(t)); };
    const auto [first, end] = columns(from.x, to.x);
    for (int64_t column = first; column < end; ++column) {
      const int64_t t = column * kFiner + kMiddle - from.x;
      add(column, std::min(y_at(t), y_at(t + 1)));
    }
  }

  // One point per fine row; the step that passes the middle is guessed from the slope, then found by the rounded
  // values.
  void add_steep(FinePoint from, FinePoint to) {
    const double slope = static_cast<double>(to.x - from.x) / static_cast<double>(to.y - from.y);
    const int64_t steps = to.y - from.y;
    const bool right = slope > 0;
    const auto x_at = [&](int64_t t) { return rounded(static_cast<double>(from.x) + slope * static_cast<double>(t)); };
    const auto [first, end] = columns(std::min(from.x, to.x), std::max(from.x, to.x));
    for (int64_t column = first; column < end; ++column) {
      const int64_t middle = column * kFiner + kMiddle;
      const auto passed = [&](int64_t t) { return right ? x_at(t) > middle : x_at(t) <= middle; };
      const double guess = (static_cast<double>(middle - from.x) + .5) / slope;
      int64_t t = std::clamp(static_cast<int64_t>(guess), int64_t{0}, steps - 1);
      while (t > 0 && passed(t)) --t;
      while (t + 1 < steps && !passed(t + 1)) ++t;
      add(column, from.y + t);
    }
  }

  int64_t height_, width_;
  std::vector<uint32_t> positions_;  // at most height * width
};

}  // namespace

Rle rle_from_polygon(std::span<const double> points, int64_t height, int64_t width) {
  if (points.size() < 6 || points.size() % 2 != 0) {
    fail(ErrorKind::bad_data, fmt::format("a polygon has {} numbers", points.size()), {},
         "it needs an x and a y for each of at least three points");
  }
  if (height < 0 || width < 0 || (width > 0 && height > kLargestMask / width)) {
    fail(ErrorKind::bad_data, fmt::format("a mask cannot be {} x {} pixels (height x width)", height, width));
  }
  Crossings crossings(height, width);
  FinePoint previous = fine_point(points[points.size() - 2], points[points.size() - 1]);
  for (size_t i = 0; i < points.size(); i += 2) {
    const FinePoint point = fine_point(points[i], points[i + 1]);
    crossings.add_edge(previous, point);
    previous = point;
  }
  return crossings.to_rle();
}

Rle rle_from_box(std::span<const double, 4> xywh, int64_t height, int64_t width) {
  const double left = xywh[0];
  const double right = left + xywh[2];
  const double top = xywh[1];
  const double bottom = top + xywh[3];
  const double corners[] = {left, top, left, bottom, right, bottom, right, top};
  return rle_from_polygon(corners, height, width);
}

}  // namespace spinenet::detect
