// Mask R-CNN as three programs: one for the picture, and two for the crops of its feature maps that ROI align makes.
//
// Source: Mask R-CNN, section 3; the settings of SpineNet's Mask R-CNN, section 5.1.
#pragma once

#include "graph/lower.h"

namespace spinenet {

constexpr int kBoxCrop = 7, kMaskCrop = 14, kMaskSize = 28;

// Parameter names are unique over the three, so that one map of weights holds them all.
//
// trunk, of a picture: p3..p7 [C, H, W], objectness.p3..p7 [A, H, W] logits, proposal_box.p3..p7 [A*4, H, W] codes.
// box_head, of a crop [C, 7, 7]: class [K+1, 1, 1] logits, the background first; box [4*K, 1, 1] codes for each class
// but the background, which has no box: nothing would ever train or read its codes.
// mask_head, of a crop [C, 14, 14]: mask [K, 28, 28] logits.
struct TwoStageProgram {
  Program trunk, box_head, mask_head;
};

// options.classes is K, without the background.
TwoStageProgram lower_two_stage(const Architecture& architecture, const LowerOptions& options);

}  // namespace spinenet
