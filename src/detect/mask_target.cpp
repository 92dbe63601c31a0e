#include "detect/mask_target.h"

#include <algorithm>
#include <cmath>

#include "detect/roi_align.h"

namespace spinenet::detect {
namespace {

constexpr double kLeastSide = 0.1;
constexpr double kFarthestCrop = 1 << 27;  // cells; points beyond, far outside of any image, are drawn there

// From the image to the cells of the grid.
AxisMap to_grid(const AxisMap& axis, double begin, double end, int size) {
  const double cells = size / std::max(end - begin, kLeastSide);
  return then(axis, {cells, -begin * cells});
}

Rle draw(const ObjectMask& mask, const Box& roi, int size) {
  const AxisMap x = to_grid(mask.x, roi.x1, roi.x2, size);
  const AxisMap y = to_grid(mask.y, roi.y1, roi.y2, size);
  std::vector<Rle> parts;
  std::vector<double> points;
  for (const std::vector<double>& polygon : mask.shape.polygons) {
    points.clear();
    for (size_t i = 0; i + 1 < polygon.size(); i += 2) {
      points.push_back(std::clamp(x.to_input(polygon[i]), -kFarthestCrop, kFarthestCrop));
      points.push_back(std::clamp(y.to_input(polygon[i + 1]), -kFarthestCrop, kFarthestCrop));
    }
    parts.push_back(rle_from_polygon(points, size, size));
  }
  return merge(parts);
}

// Pixels that the points of a ROI's axis may read.
struct Range {
  int64_t begin = 0, end = 0;
};
Range pixels_read(float begin, float end, int64_t extent) {
  constexpr double kMargin = 2;
  const auto limit = [extent](double value) {
    return static_cast<int64_t>(std::clamp(value, 0.0, static_cast<double>(extent)));
  };
  return {limit(std::floor(begin - kMargin)), limit(std::ceil(end + kMargin))};
}

// The ROI as the image has it; its sides change places where the input shows the image mirrored.
Box in_image(const ObjectMask& mask, const Box& roi) {
  const auto [x1, x2] = std::minmax({mask.x.to_image(roi.x1), mask.x.to_image(roi.x2)});
  const auto [y1, y2] = std::minmax({mask.y.to_image(roi.y1), mask.y.to_image(roi.y2)});
  return {static_cast<float>(x1), static_cast<float>(y1), static_cast<float>(x2), static_cast<float>(y2)};
}

void mirror(std::vector<uint8_t>& cells, const ObjectMask& mask, int size) {
  const auto row = [&](int y) { return cells.begin() + static_cast<std::ptrdiff_t>(y) * size; };
  for (int y = 0; mask.x.scale < 0 && y < size; ++y) std::reverse(row(y), row(y + 1));
  for (int y = 0; mask.y.scale < 0 && y < size / 2; ++y) std::swap_ranges(row(y), row(y + 1), row(size - 1 - y));
}

// One point for each pixel, but never more than a few for a cell: a ROI may span thousands of pixels of a large
// image.
int samples_of(const Box& where, int size) {
  constexpr int kMostSamples = 8;
  return std::max(where.width(), where.height()) > static_cast<float>(kMostSamples * size) ? kMostSamples : 0;
}

// The cells that may read a pixel of `extent`; those of a ROI that is no wider than a pixel are all near.
BinWindow cells_near(const PixelRect& extent, const Box& where, int size) {
  constexpr double kReach = 2;  // of a point, in pixels, with room for rounding
  const auto along = [size](double begin, double end, int64_t first, int64_t count) {
    if (end - begin <= 1) return std::pair{0, size};
    const auto cell_of = [&](double pixel) {
      return static_cast<int>(std::clamp((pixel - begin) / (end - begin), -1.0, 2.0) * size);
    };
    const auto low = static_cast<double>(first) - kReach;
    const auto high = static_cast<double>(first + count) + kReach;
    return std::pair{std::clamp(cell_of(low) - 1, 0, size), std::clamp(cell_of(high) + 2, 0, size)};
  };
  const auto [left, right] = along(where.x1, where.x2, extent.x, extent.width);
  const auto [top, bottom] = along(where.y1, where.y2, extent.y, extent.height);
  return {top, left, bottom, right};
}

std::vector<uint8_t> read(const ObjectMask& mask, const Box& roi, int size) {
  const Rle& rle = mask.shape.rle;
  const Box where = in_image(mask, roi);
  std::vector<uint8_t> cells(static_cast<size_t>(size) * static_cast<size_t>(size), 0);
  const Range x = pixels_read(where.x1, where.x2, rle.width);
  const Range y = pixels_read(where.y1, where.y2, rle.height);
  if (x.begin >= x.end || y.begin >= y.end) return cells;
  const std::vector<uint8_t> window = decode_window(rle, {x.begin, y.begin, x.end - x.begin, y.end - y.begin});
  const LevelShape shape{0, static_cast<int>(y.end - y.begin), static_cast<int>(x.end - x.begin)};
  const auto left = static_cast<float>(x.begin);
  const auto top = static_cast<float>(y.begin);
  const Box within{where.x1 - left, where.y1 - top, where.x2 - left, where.y2 - top};
  // Of a small object in a large ROI nearly all cells are 0.
  const BinWindow near = cells_near(pixel_extent(rle), where, size);
  const RoiBins bins = roi_bins(within, shape, {.bins = size, .samples = samples_of(where, size)}, near);
  size_t i = 0, bin = 0;
  for (int row = near.top; row < near.bottom; ++row) {
    for (int column = near.left; column < near.right; ++column, ++bin) {
      float share = 0;
      for (; i < static_cast<size_t>(bins.ends[bin]); ++i) {
        if (window[static_cast<size_t>(bins.cells[i])] != 0) share += bins.weights[i];
      }
      cells[static_cast<size_t>(row) * static_cast<size_t>(size) + static_cast<size_t>(column)] = share >= 0.5F ? 1 : 0;
    }
  }
  mirror(cells, mask, size);
  return cells;
}

}  // namespace

AxisMap then(const AxisMap& first, const AxisMap& next) {
  return {first.scale * next.scale, next.to_input(first.offset)};
}

std::vector<uint8_t> mask_target(const ObjectMask& mask, const Box& roi, int size) {
  return mask.shape.polygons.empty() ? read(mask, roi, size) : decode_mask(draw(mask, roi, size));
}

Rle mask_over_input(const ObjectMask& mask, int size) {
  const auto side = static_cast<float>(size);
  const Box input{0, 0, side, side};
  if (!mask.shape.polygons.empty()) return draw(mask, input, size);
  const Rle& rle = mask.shape.rle;
  const bool is_of_input = mask.x == AxisMap{} && mask.y == AxisMap{} && rle.height == size && rle.width == size;
  return is_of_input ? rle : encode_mask(read(mask, input, size), size, size);
}

}  // namespace spinenet::detect
