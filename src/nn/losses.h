// The losses of RetinaNet in the published settings: focal loss on every anchor that is not ignored, Huber loss on the
// codes of the positive ones. Both are in their numerically stable forms: logits of +-1e4 give finite values.
//
// Source: Lin et al., Focal Loss for Dense Object Detection (2017), sections 3 and 4.1.
#pragma once

#include <vector>

#include "nn/tensors.h"

namespace spinenet::nn {

struct LossOptions {
  double focal_alpha = 0.25;
  double focal_gamma = 1.5;
  double huber_delta = 0.1;
  double box_weight = 50;
};

struct LossTargets {
  torch::Tensor classes;  // [N, anchors] int64: class, -1 background, -2 ignored
  torch::Tensor codes;    // [N, anchors, 4]; counts where classes >= 0
};

struct Losses {
  torch::Tensor classification, box;  // scalars; box already has its weight
  torch::Tensor total() const { return classification + box; }
};

// Head outputs of the levels, [N, A*K, H, W], as [N, anchors, K] in the order of make_anchors (level, row, column,
// anchor).
torch::Tensor flatten_levels(const std::vector<torch::Tensor>& levels, int64_t last);

// logits [N, anchors, K], codes [N, anchors, 4]. `positives` is the number of positive anchors of the whole global
// batch: the classification loss is divided by positives + 1, the box loss by 4 times that.
Losses detection_losses(const torch::Tensor& logits, const torch::Tensor& codes, const LossTargets& targets,
                        double positives, const LossOptions& options);

}  // namespace spinenet::nn
