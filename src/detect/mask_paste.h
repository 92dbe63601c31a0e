// From what a mask head says of a box to the mask of the image: the grid of probabilities is stretched over the box,
// read bilinearly at the middle of each pixel, and cut at a threshold (Mask R-CNN, He et al. 2017, section 3.1, by the
// convention of Detectron2: the middles of the outermost cells lie half a cell within the box, beyond the grid is 0).
//
// Thread contract: pure function.
#pragma once

#include <span>

#include "detect/box.h"
#include "detect/mask.h"

namespace spinenet::detect {

struct MaskGrid {
  std::span<const float> probabilities;  // [size, size]
  int size = 28;
};

// The mask of an image of this extent: pixels whose middle lies within the box, of at least the threshold. A value
// that is not a number never counts. An empty mask has one run of 0s.
Rle paste_mask(const MaskGrid& grid, const Box& box, const Extent& image, float threshold = 0.5F);

}  // namespace spinenet::detect
