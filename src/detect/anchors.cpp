#include "detect/anchors.h"

#include <cmath>

#include "base/error.h"
#include "base/format.h"

namespace spinenet::detect {
namespace {

// In pixels.
struct HalfSize {
  double height, width;
};

// Those of the anchors of a level's cells.
std::vector<HalfSize> half_sizes(const AnchorOptions& options, int level) {
  std::vector<HalfSize> sizes;
  for (int s = 0; s < options.scales; ++s) {
    double side = options.size * std::exp2(static_cast<double>(s) / options.scales) * (1 << level);
    if (options.whole_pixels) side = std::floor(side);
    for (const double ratio : options.aspect_ratios) {
      HalfSize half{0.5 * side / std::sqrt(ratio), 0.5 * side * std::sqrt(ratio)};
      if (options.whole_pixels) half = {std::nearbyint(half.height), std::nearbyint(half.width)};
      sizes.push_back(half);
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
  if (options.whole_pixels) {
    // The smallest of all are on the finest level.
    for (const HalfSize& half : half_sizes(options, options.min_level)) {
      if (half.height >= 1 && half.width >= 1) continue;
      fail(ErrorKind::usage, fmt::format("anchors of size {} are too small for whole pixels", options.size), "",
           "use a larger anchor_size, or anchor_grid centred");
    }
  }
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

double place_in_cell(const AnchorOptions& options) {
  return options.whole_pixels ? 0 : 0.5;
}

int stride_of(const AnchorOptions& options, int level) {
  return level_stride(level, options.coarsest_stride);
}

int largest_stride(const AnchorOptions& options) {
  return stride_of(options, options.max_level);
}

std::vector<Box> make_anchors(const AnchorOptions& options, int height, int width) {
  check(options, height, width);
  const double in_cell = place_in_cell(options);
  std::vector<Box> anchors;
  for (int level = options.min_level; level <= options.max_level; ++level) {
    const int stride = stride_of(options, level);
    const std::vector<HalfSize> sizes = half_sizes(options, level);
    for (int row = 0; row < height / stride; ++row) {
      for (int column = 0; column < width / stride; ++column) {
        const double y = (row + in_cell) * stride;
        const double x = (column + in_cell) * stride;
        for (const HalfSize& half : sizes) {
          anchors.push_back({static_cast<float>(x - half.width), static_cast<float>(y - half.height),
                             static_cast<float>(x + half.width), static_cast<float>(y + half.height)});
        }
      }
    }
  }
  return anchors;
}

}  // namespace spinenet::detect
