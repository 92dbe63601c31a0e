// Anchor boxes of a single-stage detector or a region proposal network (RetinaNet, Lin et al. 2017, section 4): in
// every cell of every level the same few boxes, one per scale and aspect ratio, centred on the cell.
//
// Order, which the channels of the heads share: level, row, column, then scale (outer) and aspect ratio (inner).
// Thread contract: pure functions.
#pragma once

#include <vector>

#include "detect/box.h"

namespace spinenet::detect {

// The defaults are RetinaNet's and serve the tests alone: a network's options all come from its architecture
// (graph/anchors.h).
struct AnchorOptions {
  int min_level = 3, max_level = 7;                  // level l has a stride of 2^l pixels
  int scales = 3;                                    // sizes within an octave: 2^(s / scales)
  std::vector<double> aspect_ratios{1.0, 2.0, 0.5};  // width / height
  double size = 3.0;                                 // side of the smallest square anchor, in strides

  bool operator==(const AnchorOptions&) const = default;
};

int anchors_per_cell(const AnchorOptions& options);

// For an input of height x width pixels, each a multiple of 2^max_level (ErrorKind::usage otherwise). Anchors reach
// over the border of the image.
std::vector<Box> make_anchors(const AnchorOptions& options, int height, int width);

}  // namespace spinenet::detect
