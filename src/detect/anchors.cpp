#include "detect/anchors.h"

#include <cmath>

#include "base/error.h"
#include "base/format.h"

namespace spinenet::detect {
namespace {

struct Size {
  double height, width;
};

// Sizes of one cell's anchors, times 2^level pixels.
std::vector<Size> cell_sizes(const AnchorOptions& options) {
  std::vector<Size> sizes;
  for (int s = 0; s < options.scales; ++s) {
    const double side = options.size * std::exp2(static_cast<double>(s) / options.scales);
    for (const double ratio : options.aspect_ratios) {
      sizes.push_back({side / std::sqrt(ratio), side * std::sqrt(ratio)});
    }
  }
  return sizes;
}

void check(const AnchorOptions& options, int height, int width) {
  if (options.min_level < 0 || options.max_level < options.min_level || options.max_level > 20) {
    fail(ErrorKind::usage,
         fmt::format("anchor levels {} to {} are no range of levels", options.min_level, options.max_level));
  }
  bool positive = options.scales > 0 && options.size > 0 && !options.aspect_ratios.empty();
  for (const double ratio : options.aspect_ratios) positive = positive && ratio > 0;
  if (!positive) fail(ErrorKind::usage, "anchors need at least one scale and one aspect ratio, and sizes above 0");
  if (options.coarsest_stride < 1) fail(ErrorKind::usage, fmt::format("a stride of {}", options.coarsest_stride));
  const int stride = largest_stride(options);
  if (height <= 0 || width <= 0 || height % stride != 0 || width % stride != 0) {
    fail(ErrorKind::usage,
         fmt::format("an input of {} x {} pixels does not divide into cells of level {}", height, width,
                     options.max_level),
         "", fmt::format("pad it to multiples of {}", stride));
  }
}

}  // namespace

int anchors_per_cell(const AnchorOptions& options) {
  return options.scales * static_cast<int>(options.aspect_ratios.size());
}

int stride_of(const AnchorOptions& options, int level) {
  return level_stride(level, options.coarsest_stride);
}

int largest_stride(const AnchorOptions& options) {
  return stride_of(options, options.max_level);
}

std::vector<Box> make_anchors(const AnchorOptions& options, int height, int width) {
  check(options, height, width);
  const std::vector<Size> sizes = cell_sizes(options);
  std::vector<Box> anchors;
  for (int level = options.min_level; level <= options.max_level; ++level) {
    const int stride = stride_of(options, level), unit = 1 << level;
    for (int row = 0; row < height / stride; ++row) {
      for (int column = 0; column < width / stride; ++column) {
        const double y = (row + 0.5) * stride;
        const double x = (column + 0.5) * stride;
        for (const Size& size : sizes) {
          const double half_height = 0.5 * size.height * unit;
          const double half_width = 0.5 * size.width * unit;
          anchors.push_back({static_cast<float>(x - half_width), static_cast<float>(y - half_height),
                             static_cast<float>(x + half_width), static_cast<float>(y + half_height)});
        }
      }
    }
  }
  return anchors;
}

}  // namespace spinenet::detect
