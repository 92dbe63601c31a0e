#include "detect/roi_align.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/format.h"

namespace spinenet::detect {
namespace {

constexpr int kCanonicalLevel = 4;
constexpr double kCanonicalSide = 224;

// One point on one axis: two neighbouring cells and their shares. Outside of the map: none.
struct AxisPoint {
  int64_t low = 0, high = 0;
  float low_share = 0, high_share = 0;
};

AxisPoint axis_point(float at, int extent) {
  if (!(at >= -1.0F && at <= static_cast<float>(extent))) return {};
  at = std::max(at, 0.0F);
  const auto low = static_cast<int64_t>(at);
  if (low >= extent - 1) return {extent - 1, extent - 1, 1, 0};
  const float beyond = at - static_cast<float>(low);
  return {low, low + 1, 1 - beyond, beyond};
}

// The points of all bins on one axis, bin after bin.
struct Axis {
  std::vector<AxisPoint> points;
  int samples = 0;  // in a bin
};

Axis lay_axis(float begin, float end, int extent, const RoiAlignOptions& options) {
  float length = end - begin;
  if (options.least_cell) length = std::max(length, 1.0F);
  const auto bins = static_cast<float>(options.bins);
  Axis axis;
  axis.samples = options.samples > 0 ? options.samples : std::max(0, static_cast<int>(std::ceil(length / bins)));
  const float bin = length / bins;
  for (int b = 0; b < options.bins; ++b) {
    for (int s = 0; s < axis.samples; ++s) {
      const float within = (static_cast<float>(s) + 0.5F) * bin / static_cast<float>(axis.samples);
      axis.points.push_back(axis_point(begin + static_cast<float>(b) * bin + within, extent));
    }
  }
  return axis;
}

void add_point(RoiBins& read, const AxisPoint& y, const AxisPoint& x, int64_t width, float share) {
  const auto add = [&](int64_t row, int64_t column, float weight) {
    if (weight == 0) return;
    read.cells.push_back(row * width + column);
    read.weights.push_back(weight * share);
  };
  add(y.low, x.low, y.low_share * x.low_share);
  add(y.low, x.high, y.low_share * x.high_share);
  add(y.high, x.low, y.high_share * x.low_share);
  add(y.high, x.high, y.high_share * x.high_share);
}

template <class Level>
const Level& level_of(const Box& roi, std::span<const Level> pyramid) {
  const int first = pyramid.front().shape.level;
  return pyramid[static_cast<size_t>(roi_level(roi, first, pyramid.back().shape.level) - first)];
}

// Channels, from the size of what holds them all.
int64_t channels_of(size_t values, size_t rois, const RoiAlignOptions& options) {
  const auto bins = rois * static_cast<size_t>(options.bins) * static_cast<size_t>(options.bins);
  if (bins == 0 || values % bins != 0) {
    fail(ErrorKind::failed, fmt::format("{} values do not spread evenly over {} bins", values, bins), "ROI align");
  }
  return static_cast<int64_t>(values / bins);
}

// Calls visit(channel of the map, bins of that channel, read) for every ROI and channel.
template <class Level, class Value, class Visit>
void for_each_plane(std::span<Value> bins, std::span<const Box> rois, const RoiAlignOptions& options,
                    std::span<const Level> pyramid, const Visit& visit) {
  if (rois.empty()) return;
  const int64_t channels = channels_of(bins.size(), rois.size(), options);
  const auto count = static_cast<size_t>(options.bins) * static_cast<size_t>(options.bins);
  for (size_t r = 0; r < rois.size(); ++r) {
    const Level& level = level_of(rois[r], pyramid);
    const RoiBins read = roi_bins(rois[r], level.shape, options);
    for (int64_t c = 0; c < channels; ++c) {
      const auto plane = (r * static_cast<size_t>(channels) + static_cast<size_t>(c)) * count;
      visit(level.values + c * level.shape.height * level.shape.width, bins.subspan(plane, count), read);
    }
  }
}

}  // namespace

RoiAlignOptions roi_align_options(int bins, int coarsest_stride, bool single_point) {
  RoiAlignOptions options{.bins = bins, .coarsest_stride = coarsest_stride};
  if (!single_point) return options;
  options.samples = 1;
  options.half_cell = false;
  return options;
}

double least_roi_side(int level) {
  return std::ldexp(kCanonicalSide, level - kCanonicalLevel);
}

int roi_level(const Box& roi, int min_level, int max_level) {
  const double area = static_cast<double>(roi.width()) * roi.height();
  int level = min_level;
  while (level < max_level) {
    const double side = least_roi_side(level + 1);
    if (!(area >= side * side)) break;
    ++level;
  }
  return level;
}

RoiBins roi_bins(const Box& roi, const LevelShape& shape, const RoiAlignOptions& options) {
  return roi_bins(roi, shape, options, {0, 0, options.bins, options.bins});
}

RoiBins roi_bins(const Box& roi, const LevelShape& shape, const RoiAlignOptions& options, const BinWindow& window) {
  const float scale = 1.0F / static_cast<float>(level_stride(shape.level, options.coarsest_stride));
  const float shift = options.half_cell ? 0.5F : 0.0F;
  const Axis y = lay_axis(roi.y1 * scale - shift, roi.y2 * scale - shift, shape.height, options);
  const Axis x = lay_axis(roi.x1 * scale - shift, roi.x2 * scale - shift, shape.width, options);
  const float share = 1.0F / static_cast<float>(std::max(1, y.samples * x.samples));
  RoiBins read;
  for (int row = window.top; row < window.bottom; ++row) {
    for (int column = window.left; column < window.right; ++column) {
      for (int sy = 0; sy < y.samples; ++sy) {
        for (int sx = 0; sx < x.samples; ++sx) {
          add_point(read, y.points[static_cast<size_t>(row * y.samples + sy)],
                    x.points[static_cast<size_t>(column * x.samples + sx)], shape.width, share);
        }
      }
      read.ends.push_back(static_cast<int64_t>(read.cells.size()));
    }
  }
  return read;
}

void roi_align(std::span<const FeatureLevel> pyramid, std::span<const Box> rois, const RoiAlignOptions& options,
               std::span<float> out) {
  for_each_plane(out, rois, options, pyramid, [](const float* map, std::span<float> bins, const RoiBins& s) {
    size_t i = 0;
    for (size_t b = 0; b < bins.size(); ++b) {
      float sum = 0;
      for (; i < static_cast<size_t>(s.ends[b]); ++i) sum += s.weights[i] * map[s.cells[i]];
      bins[b] = sum;
    }
  });
}

void roi_align_backward(std::span<const float> out_gradient, std::span<const Box> rois, const RoiAlignOptions& options,
                        std::span<const GradientLevel> pyramid) {
  for_each_plane(out_gradient, rois, options, pyramid, [](float* map, std::span<const float> bins, const RoiBins& s) {
    size_t i = 0;
    for (size_t b = 0; b < bins.size(); ++b) {
      for (; i < static_cast<size_t>(s.ends[b]); ++i) map[s.cells[i]] += s.weights[i] * bins[b];
    }
  });
}

}  // namespace spinenet::detect
