// The losses of a two-stage detector: of its region proposal network, of its box head, and of its mask head. All in
// forms that stay finite for huge logits.
//
// Every sum is divided by the counts of the whole global batch, so that the losses of all processes add up to the loss
// of one.
// Source: Ren et al. 2015 (Faster R-CNN), He et al. 2017 (Mask R-CNN), with the deltas of the published SpineNet
// configurations. Thread contract: pure functions.
#pragma once

#include "nn/losses.h"

namespace spinenet::nn {

struct TwoStageLossOptions {
  double proposal_delta = 1.0 / 9;  // of the Huber losses
  double box_delta = 1.0;
  double proposal_box_weight = 1.0, box_weight = 1.0, mask_weight = 1.0;
};

// logits [N, anchors], codes [N, anchors, 4]. In the targets class 0 is an object. `samples` and `positives` count the
// anchors that are not ignored, and those that are objects.
struct SampleCounts {
  double samples = 0, positives = 0;
};
Losses proposal_losses(const torch::Tensor& logits, const torch::Tensor& codes, const LossTargets& targets,
                       const SampleCounts& counts, const TwoStageLossOptions& options);

// logits [R, K + 1] with the background first, codes [R, 4 * K], four for each class, or [R, 4], whatever the class.
// Targets of R ROIs: classes [R] int64, -1 for background; codes [R, 4].
Losses box_head_losses(const torch::Tensor& logits, const torch::Tensor& codes, const LossTargets& targets,
                       const SampleCounts& counts, const TwoStageLossOptions& options);

// logits [R, K, S, S] of ROIs that hold an object, classes [R] int64, masks [R, S, S] of 0 and 1. Only the mask of the
// ROI's class learns. `rois` counts them in the global batch.
torch::Tensor mask_head_loss(const torch::Tensor& logits, const torch::Tensor& classes, const torch::Tensor& masks,
                             double rois, const TwoStageLossOptions& options);

}  // namespace spinenet::nn
