// What a mask head learns for a ROI: the object's mask cut to the ROI, on a grid of size x size cells (Mask R-CNN, He
// et al. 2017, section 3).
//
// A mask keeps the form that the annotation file gave it, in pixels of the image, and with it the way from the
// image to the network's input. Mirroring, scaling and cutting the image change only that way, so nothing is
// resampled before the target is made, and nothing is lost. Thread contract: plain data and pure functions.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "detect/annotations.h"
#include "detect/box.h"

namespace spinenet::detect {

// One axis: scale * image + offset is the place in the input. Mirrored where the scale is below 0; never 0.
struct AxisMap {
  double scale = 1, offset = 0;

  double to_input(double image) const { return scale * image + offset; }
  double to_image(double input) const { return (input - offset) / scale; }
  bool operator==(const AxisMap&) const = default;
};

// This map, then `next`.
AxisMap then(const AxisMap& first, const AxisMap& next);

struct ObjectMask {
  Segmentation shape;  // in pixels of the image; empty where the object has none
  AxisMap y, x;
};

// Bytes of 0 and 1, [size, size], by the conventions of Detectron2. Polygons are moved to the grid and drawn there as
// the COCO API draws; a run-length code is read by ROI align at each of its pixels (8 x 8 points of a cell at most), a
// cell is 1 from one half on. `roi` in pixels of the input; sides below 0.1 pixels count as that much.
std::vector<uint8_t> mask_target(const ObjectMask& mask, const Box& roi, int size);

// What mask_target() gives for a ROI that is the whole input, of size x size pixels, as runs: an object costs what its
// outline does, not what the input has of pixels.
Rle mask_over_input(const ObjectMask& mask, int size);

}  // namespace spinenet::detect
