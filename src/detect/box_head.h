// The second stage of a two-stage detector: from what a box head says of each ROI to detections (Fast R-CNN, Girshick
// 2015, section 3; He et al. 2017, section 3).
//
// A head gives each ROI a logit for the background and for each class, and for each class a box as its offset from the
// ROI. Those offsets are ten times (centre) and five times (size) the codes of box_coder.h, so that they spread
// about as the logits do. Thread contract: pure functions.
#pragma once

#include <span>
#include <vector>

#include "detect/box.h"
#include "detect/box_coder.h"
#include "detect/detections.h"
#include "detect/postprocess.h"

namespace spinenet {

inline constexpr BoxCode kRoiCodeScale{10, 10, 5, 5};

// Both have an area above 0.
BoxCode encode_in_roi(const Box& box, const Box& roi);
Box decode_in_roi(std::span<const float, 4> code, const Box& roi);

// Of R ROIs and K classes, the background first.
struct BoxHeadOutput {
  std::span<const float> classes;  // [R, K + 1] logits
  std::span<const float> boxes;    // [R, 4 * K]
};

// Scores are the softmax of the logits; each class of a ROI counts by itself, the background does not. Boxes are
// clipped to the picture, which is that of the ROIs. Falling order of score; equal ones by class, then ROI. What is not
// a number is left out. ErrorKind::failed when the sizes do not go together.
std::vector<Detection> box_head_detections(const BoxHeadOutput& output, std::span<const Box> rois,
                                           const Extent& picture, const PostprocessOptions& options);

}  // namespace spinenet
