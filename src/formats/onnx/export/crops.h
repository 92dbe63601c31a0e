// Crops of a pyramid, as ONNX nodes: detect/roi_align with RoiAlign, one for each level.
//
// The crops stand level by level, so that no crop is ever moved; a head's answers, which are much smaller, are put back
// into the order of the regions by who reads them. RoiAlign in the mode half_pixel (operator set 16) reads what
// roi_align.h reads with half_cell: earlier sets do not take half a cell off, and they make small regions larger. Where
// half a cell is not to be taken off, regions are moved by as much before.
//
// Thread contract: a free function on its arguments.
#pragma once

#include <string>

#include "detect/level_stride.h"
#include "formats/onnx/graph.h"

namespace spinenet::formats {

struct OnnxCropOptions {
  int min_level = 3, max_level = 7;
  int bins = 7;
  int coarsest_stride = detect::kAnyStride;
  bool single_point = false;
};

struct OnnxCrops {
  std::string crops;   // [R, C, bins, bins]
  std::string places;  // [R]: where among the crops each region's is
};
// Reads p3.. with N = 1, and `rois` [R, 4].
OnnxCrops add_crops(OnnxGraph& graph, const std::string& prefix, const OnnxCropOptions& options,
                    const std::string& rois);

}  // namespace spinenet::formats
