// Anchor boxes of a single-stage detector or a region proposal network (RetinaNet, Lin et al. 2017, section 4): in
// every cell of every level the same few boxes, one per scale and aspect ratio, centred on the cell.
//
// Order, which the channels of the heads share: level, row, column, then scale (outer) and aspect ratio (inner).
// Thread contract: pure functions.
#pragma once

#include <vector>

#include "detect/box.h"
#include "detect/level_stride.h"

namespace spinenet::detect {

// The defaults are RetinaNet's and serve the tests alone: a network's options all come from its architecture
// (graph/anchors.h).
struct AnchorOptions {
  int min_level = 3, max_level = 7;
  int scales = 3;                                    // sizes within an octave: 2^(s / scales)
  std::vector<double> aspect_ratios{1.0, 2.0, 0.5};  // width / height
  double size = 3.0;                                 // side of the smallest square anchor of level l, times 2^l pixels
  int coarsest_stride = kAnyStride;                  // of the cells (see level_stride.h)
  // Anchors as torchvision has them: round the first corner of the cell instead of its middle; the side of a square is
  // cut to whole pixels, then half of each anchor's height and width is rounded (to the even number from the middle).
  bool whole_pixels = false;

  bool operator==(const AnchorOptions&) const = default;
};

int anchors_per_cell(const AnchorOptions& options);
// Where in their cell the anchors' middles are, in strides from its first corner along either axis.
double place_in_cell(const AnchorOptions& options);

// Pixels between the cells of a level, and between those of the coarsest one.
int stride_of(const AnchorOptions& options, int level);
int largest_stride(const AnchorOptions& options);

// For an input of height x width pixels, each a multiple of largest_stride (ErrorKind::usage otherwise). Anchors reach
// over the border of the image.
std::vector<Box> make_anchors(const AnchorOptions& options, int height, int width);

}  // namespace spinenet::detect
