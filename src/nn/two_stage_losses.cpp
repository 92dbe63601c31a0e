#include "nn/two_stage_losses.h"

#include <algorithm>

namespace spinenet::nn {
namespace {

torch::Tensor rows_where(const torch::Tensor& condition) {
  return condition.nonzero().reshape({-1});
}

double at_least_one(double count) {
  return std::max(1.0, count);
}

}  // namespace

Losses proposal_losses(const torch::Tensor& logits, const torch::Tensor& codes, const LossTargets& targets,
                       const SampleCounts& counts, const TwoStageLossOptions& options) {
  const torch::Tensor labels = targets.classes.reshape({-1});
  const torch::Tensor flat = logits.reshape({-1});
  const torch::Tensor sampled = rows_where(labels != -2);
  const torch::Tensor objects = (labels.index_select(0, sampled) >= 0).to(flat.scalar_type());
  const torch::Tensor entropy =
      at::binary_cross_entropy_with_logits(flat.index_select(0, sampled), objects, {}, {}, at::Reduction::Sum);
  const torch::Tensor positive = rows_where(labels >= 0);
  const torch::Tensor box = at::huber_loss(codes.reshape({-1, 4}).index_select(0, positive),
                                           targets.codes.reshape({-1, 4}).index_select(0, positive), at::Reduction::Sum,
                                           options.proposal_delta);
  return {entropy / at_least_one(counts.samples),
          box * (options.proposal_box_weight / (4 * at_least_one(counts.positives)))};
}

Losses box_head_losses(const torch::Tensor& logits, const torch::Tensor& codes, const LossTargets& targets,
                       const SampleCounts& counts, const TwoStageLossOptions& options) {
  // The background is row 0 of the logits.
  const torch::Tensor entropy = at::cross_entropy_loss(logits, targets.classes + 1, {}, at::Reduction::Sum);
  const torch::Tensor positive = rows_where(targets.classes >= 0);
  const int64_t boxes = codes.size(1) / 4;
  const torch::Tensor classes = targets.classes.index_select(0, positive);
  const torch::Tensor row = boxes == 1 ? torch::zeros_like(classes) : classes;
  const torch::Tensor of_class = codes.view({codes.size(0), boxes, 4}).index({positive, row});  // [positives, 4]
  const torch::Tensor box =
      at::huber_loss(of_class, targets.codes.index_select(0, positive), at::Reduction::Sum, options.box_delta);
  return {entropy / at_least_one(counts.samples), box * (options.box_weight / (4 * at_least_one(counts.positives)))};
}

torch::Tensor mask_head_loss(const torch::Tensor& logits, const torch::Tensor& classes, const torch::Tensor& masks,
                             double rois, const TwoStageLossOptions& options) {
  const torch::Tensor each = torch::arange(logits.size(0), classes.options());
  const torch::Tensor of_class = logits.index({each, classes});  // [R, S, S]
  const torch::Tensor entropy = at::binary_cross_entropy_with_logits(of_class, masks, {}, {}, at::Reduction::Sum);
  const auto cells = static_cast<double>(logits.size(2) * logits.size(3));
  return entropy * (options.mask_weight / (cells * at_least_one(rois)));
}

}  // namespace spinenet::nn
