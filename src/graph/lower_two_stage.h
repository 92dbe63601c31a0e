// Mask R-CNN as programs: one for the image, and the others for the crops of its feature maps that ROI align makes:
// the box heads, one or a cascade of them, and the mask head.
//
// Source: Mask R-CNN, section 3; the settings of SpineNet's Mask R-CNN, section 5.1; Cascade R-CNN, section 4.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "graph/lower.h"

namespace spinenet::graph {

constexpr int kBoxCrop = 7, kMaskCrop = 14, kMaskSize = 28;

// Parameter and output names are unique over all of them, so that one map holds the weights and one graph the networks.
//
// trunk, of an image: p3..p7 [C, H, W], objectness.p3..p7 [A, H, W] logits, proposal_box.p3..p7 [A*4, H, W] codes.
// A box head, of a crop [C, 7, 7]: class [K+1, 1, 1] logits, the background first; box [4*K, 1, 1] codes for each class
// but the background, which has no box: nothing would ever train or read its codes. In a cascade, where the next head
// looks at one box whatever its class, box is [4, 1, 1]. Names of the later heads have stage_name.
// mask_head, of a crop [C, 14, 14]: mask [K, 28, 28] logits.
struct TwoStageProgram {
  Program trunk;
  std::vector<Program> box_heads;  // one for each of the architecture's box_thresholds
  Program mask_head;
};

// Of what each box head has: "class" of the first, "class2", "class3" of the later ones.
std::string stage_name(std::string_view name, size_t stage);

// Boxes that each of `stages` box heads gives a ROI of K classes.
int64_t boxes_of_roi(size_t stages, int64_t classes);

// options.classes is K, without the background.
TwoStageProgram lower_two_stage(const arch::Architecture& architecture, const LowerOptions& options);

// Trunk, box heads, mask head.
std::vector<Program> programs_of(TwoStageProgram network);

}  // namespace spinenet::graph
