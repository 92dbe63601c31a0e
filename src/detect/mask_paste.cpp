#include "detect/mask_paste.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/error.h"
#include "base/format.h"

namespace spinenet::detect {
namespace {

// Where the middle of a pixel lies in the grid: between two cells, by their shares. A cell beyond the grid has none.
struct GridPoint {
  int low = 0, high = 0;
  float low_share = 0, high_share = 0;
};

struct GridAxis {
  int begin = 0;  // first pixel
  std::vector<GridPoint> points;
};

GridPoint grid_point(float at, int size) {
  const float floor = std::floor(at);
  const int low = static_cast<int>(floor);
  const float beyond = at - floor;
  GridPoint point{std::max(low, 0), std::min(low + 1, size - 1), 0, 0};
  if (low >= 0) point.low_share = 1 - beyond;
  if (low + 1 < size) point.high_share = beyond;
  return point;
}

GridAxis lay_axis(float begin, float end, int extent, int size) {
  GridAxis axis;
  const auto limit = [extent](float value) {
    return static_cast<int>(std::clamp(value, 0.0F, static_cast<float>(extent)));
  };
  axis.begin = limit(std::ceil(begin - 0.5F));
  const int last = limit(std::ceil(end - 0.5F));
  for (int pixel = axis.begin; pixel < last; ++pixel) {
    const float share = (static_cast<float>(pixel) + 0.5F - begin) / (end - begin);
    axis.points.push_back(grid_point(share * static_cast<float>(size) - 0.5F, size));
  }
  return axis;
}

// A mask, written pixel by pixel in the order of its runs.
class RunWriter {
 public:
  RunWriter(int64_t height, int64_t width) : rle_{height, width, {}} {}

  void set(int64_t position) {
    if (position != end_ || rle_.counts.empty()) {
      rle_.counts.push_back(static_cast<uint32_t>(position - end_));
      rle_.counts.push_back(0);
    }
    ++rle_.counts.back();
    end_ = position + 1;
  }
  Rle take() {
    const int64_t left = rle_.height * rle_.width - end_;
    if (left > 0 || rle_.counts.empty()) rle_.counts.push_back(static_cast<uint32_t>(left));
    return std::move(rle_);
  }

 private:
  Rle rle_;
  int64_t end_ = 0;  // of what is written
};

}  // namespace

Rle paste_mask(const MaskGrid& grid, const Box& box, const Extent& image, float threshold) {
  const auto cells = static_cast<size_t>(grid.size) * static_cast<size_t>(grid.size);
  if (grid.size < 1 || grid.probabilities.size() != cells) {
    fail(ErrorKind::failed,
         fmt::format("{} probabilities are no grid of {} x {}", grid.probabilities.size(), grid.size, grid.size),
         "mask");
  }
  RunWriter runs(image.height, image.width);
  if (!(box.width() > 0 && box.height() > 0)) return runs.take();
  const GridAxis x_axis = lay_axis(box.x1, box.x2, image.width, grid.size);
  const GridAxis y_axis = lay_axis(box.y1, box.y2, image.height, grid.size);
  const auto cell = [&](int row, int column) {
    return grid.probabilities[static_cast<size_t>(row * grid.size + column)];
  };
  int64_t column = x_axis.begin;
  for (const GridPoint& x : x_axis.points) {
    int64_t position = column * image.height + y_axis.begin;
    for (const GridPoint& y : y_axis.points) {
      const float upper = x.low_share * cell(y.low, x.low) + x.high_share * cell(y.low, x.high);
      const float lower = x.low_share * cell(y.high, x.low) + x.high_share * cell(y.high, x.high);
      if (y.low_share * upper + y.high_share * lower >= threshold) runs.set(position);
      ++position;
    }
    ++column;
  }
  return runs.take();
}

}  // namespace spinenet::detect
