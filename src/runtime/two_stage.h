// The networks of a detector of two stages, and how the heads get what they look at: the crops that ROI align
// makes of the trunk's feature maps. The caller chooses how the networks are run: as any Forwards, or in the engine
// (two_stage_engine.h).
//
// Invariant: heads look at the features of the trunk's last call. Thread contract: one thread at a time.
// Source: Mask R-CNN (He et al. 2017), section 3.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "detect/detections.h"
#include "detect/level_stride.h"
#include "graph/forward.h"
#include "graph/lower_two_stage.h"

namespace spinenet::runtime {

struct TwoStageForward {
  // As lower_two_stage has it, without the levels: objectness.p3.., proposal_box.p3...
  graph::Forward trunk;
  // For the ROIs of each image, image after image, R in all: [R, K+1, 1, 1] and [R, 4*B, 1, 1], B boxes_of_roi. Of a
  // cascade one for each stage.
  using BoxHead = std::function<std::vector<HostTensor>(std::span<const std::vector<detect::Box>> rois)>;
  std::vector<BoxHead> box_heads;
  // For the box and label of each detection: the mask of that class, [R, size, size] logits.
  std::function<HostTensor(std::span<const std::vector<detect::Detection>> found)> mask_head;
  int images = 1;  // that the trunk takes in one call
};

struct PyramidLevels {
  int min_level = 3, max_level = 7;
  int coarsest_stride = detect::kAnyStride;  // see detect/level_stride.h
  bool single_point = false;                 // how ROIs are read (see detect/roi_align.h)
};
PyramidLevels levels_of(const arch::Architecture& architecture);

// Of the networks of lower_two_stage with these levels, in the order of programs_of. ROI align is that of detect/.
TwoStageForward two_stage_forward(std::vector<graph::Forward> networks, const PyramidLevels& levels);

}  // namespace spinenet::runtime
