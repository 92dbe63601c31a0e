#include "nn/losses.h"

#include "nn/fused_focal_loss.h"

namespace spinenet::nn {
namespace {

// Focal loss of a logit whose target is 0: (1 - alpha) p^gamma (-log(1 - p)), with -log(1 - p) = softplus(x).
torch::Tensor negative_focal(const torch::Tensor& x, const LossOptions& o) {
  return at::softplus(x) * x.sigmoid().pow(o.focal_gamma) * (1 - o.focal_alpha);
}

// Target 1: alpha (1 - p)^gamma (-log p).
torch::Tensor positive_focal(const torch::Tensor& x, const LossOptions& o) {
  return at::softplus(-x) * (-x).sigmoid().pow(o.focal_gamma) * o.focal_alpha;
}

torch::Tensor sum_of_negatives(const torch::Tensor& x, const LossOptions& o) {
  if (!can_fuse_focal_loss(x)) return negative_focal(x, o).sum();
  return fused_focal_loss(
      x, {.weight = static_cast<float>(1 - o.focal_alpha), .gamma = static_cast<float>(o.focal_gamma)});
}

}  // namespace

torch::Tensor flatten_levels(const std::vector<torch::Tensor>& levels, int64_t last) {
  std::vector<torch::Tensor> rows;
  for (const torch::Tensor& level : levels) {
    rows.push_back(level.permute({0, 2, 3, 1}).reshape({level.size(0), -1, last}));
  }
  return torch::cat(rows, 1);
}

Losses detection_losses(const torch::Tensor& logits, const torch::Tensor& codes, const LossTargets& targets,
                        double positives, const LossOptions& options) {
  const int64_t classes = logits.size(2);
  const torch::Tensor flat = logits.reshape({-1, classes});
  const torch::Tensor labels = targets.classes.reshape({-1});
  const double normaliser = positives + 1;

  // Nearly all targets are 0, so the sum is taken as if all were, and then repaired at the few that are not.
  torch::Tensor sum = sum_of_negatives(flat, options);
  const torch::Tensor ignored = (labels == -2).nonzero().reshape({-1});
  if (ignored.numel() > 0) sum = sum - negative_focal(flat.index_select(0, ignored), options).sum();
  const torch::Tensor positive = (labels >= 0).nonzero().reshape({-1});
  torch::Tensor box = codes.sum() * 0;
  if (positive.numel() > 0) {
    const torch::Tensor at_class = labels.index_select(0, positive).unsqueeze(1);
    const torch::Tensor x = flat.index_select(0, positive).gather(1, at_class);
    sum = sum + (positive_focal(x, options) - negative_focal(x, options)).sum();
    const torch::Tensor predicted = codes.reshape({-1, 4}).index_select(0, positive);
    const torch::Tensor wanted = targets.codes.reshape({-1, 4}).index_select(0, positive);
    box = at::huber_loss(predicted, wanted, at::Reduction::Sum, options.huber_delta);
  }
  return {sum / normaliser, box * (options.box_weight / (4 * normaliser))};
}

}  // namespace spinenet::nn
