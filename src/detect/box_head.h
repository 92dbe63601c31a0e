// The second stage of a two-stage detector: from what a box head says of each ROI to detections (Fast R-CNN, Girshick
// 2015, section 3; He et al. 2017, section 3).
//
// A head gives each ROI a logit for the background and for each class, and a box as its offset from the ROI: one for
// each class, or one for all of them. Those offsets are ten times (centre) and five times (size) the codes of
// box_coder.h, so that they spread about as the logits do.
//
// In a cascade (Cascade R-CNN, Cai and Vasconcelos 2018, section 4) the boxes of one head are the ROIs of the next one.
// They lie closer and closer to the objects, so that the offsets of head n are those of the first one times n. The
// logits of a ROI are averaged over the heads. Thread contract: pure functions.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "detect/box.h"
#include "detect/box_coder.h"
#include "detect/detections.h"
#include "detect/postprocess.h"

namespace spinenet::detect {

// Of the head at this place in the cascade, from 0.
BoxCode roi_code_scale(size_t stage);

// Both have an area above 0.
BoxCode encode_in_roi(const Box& box, const Box& roi, size_t stage);
Box decode_in_roi(std::span<const float, 4> code, const Box& roi, size_t stage);

// The ROIs of the next head: of `codes` [R, 4] of this one, cut to the image. A ROI whose box is not finite, or of
// which the cut leaves nothing, stays where it is, so that the rows of all heads are of the same ROIs.
std::vector<Box> refine_rois(std::span<const float> codes, std::span<const Box> rois, const Extent& image,
                             size_t stage);

// Of R ROIs and K classes, the background first.
struct BoxHeadOutput {
  std::span<const float> classes;  // [R, K + 1] logits
  std::span<const float> boxes;    // [R, 4 * K], or [R, 4]
  size_t stage = 0;                // of the head that gives the boxes
};

// Scores are the softmax of the logits; each class of a ROI counts by itself, the background does not. Boxes are
// clipped to the image, which is that of the ROIs. Descending order of score; equal ones by class, then ROI. What is
// not a number is left out. ErrorKind::failed when the sizes do not go together.
std::vector<Detection> box_head_detections(const BoxHeadOutput& output, std::span<const Box> rois, const Extent& image,
                                           const PostprocessOptions& options);

}  // namespace spinenet::detect
