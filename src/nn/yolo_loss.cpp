#include "nn/yolo_loss.h"

#include <array>
#include <cmath>
#include <numbers>

#include "detect/box_coder.h"
#include "detect/yolo_cells.h"

namespace spinenet::nn {
namespace {

constexpr int64_t kObjectness = detect::kYoloBoxChannels - 1;

struct Corners {
  torch::Tensor x1, y1, x2, y2;

  torch::Tensor width() const { return x2 - x1; }
  torch::Tensor height() const { return y2 - y1; }
};

Corners corners_of(const torch::Tensor& boxes) {
  return {boxes.select(-1, 0), boxes.select(-1, 1), boxes.select(-1, 2), boxes.select(-1, 3)};
}

// Of boxes that broadcast against each other.
torch::Tensor overlap_of(const Corners& a, const Corners& b) {
  const torch::Tensor w = (at::minimum(a.x2, b.x2) - at::maximum(a.x1, b.x1)).clamp_min(0);
  const torch::Tensor h = (at::minimum(a.y2, b.y2) - at::maximum(a.y1, b.y1)).clamp_min(0);
  const torch::Tensor shared = w * h;
  return shared / (a.width() * a.height() + b.width() * b.height() - shared);
}

// Which of an image's anchor cells, of those that are sure of some class, give a box that overlaps an object.
torch::Tensor right_cells(const torch::Tensor& outputs, const torch::Tensor& cells, const torch::Tensor& boxes,
                          const YoloLossOptions& options) {
  const double sure = std::log(options.ignore_class / (1 - options.ignore_class));
  const torch::Tensor candidates =
      (outputs.narrow(1, detect::kYoloBoxChannels, outputs.size(1) - detect::kYoloBoxChannels).amax(1) > sure)
          .nonzero()
          .reshape({-1});
  if (candidates.numel() == 0) return candidates;
  const torch::Tensor given =
      yolo_boxes(outputs.index_select(0, candidates).narrow(1, 0, 4), cells.index_select(0, candidates));
  const torch::Tensor overlaps = overlap_of(corners_of(given.unsqueeze(1)), corners_of(boxes.unsqueeze(0)));
  return candidates.masked_select(overlaps.amax(1) > options.ignore_overlap);
}

// [N * anchor cells]: 1 where background is learned, else 0.
torch::Tensor background_of(const torch::Tensor& outputs, const torch::Tensor& cells, const YoloTargets& targets,
                            const YoloLossOptions& options) {
  const torch::NoGradGuard no_grad;
  torch::Tensor background = torch::ones({outputs.size(0) * outputs.size(1)}, outputs.options());
  background.index_fill_(0, targets.ignored, 0);
  background.index_fill_(0, targets.positives, 0);
  for (int64_t image = 0; image < outputs.size(0); ++image) {
    const torch::Tensor& boxes = targets.boxes[static_cast<size_t>(image)];
    if (boxes.numel() == 0) continue;
    background.index_fill_(0, right_cells(outputs[image], cells, boxes, options) + image * outputs.size(1), 0);
  }
  return background;
}

// 1 - CIoU of each match, in an anchor cell with several of them by as much less.
torch::Tensor box_loss_of(const torch::Tensor& boxes, const YoloTargets& targets) {
  const torch::Tensor& place = targets.match_positive;
  const torch::Tensor one_each = torch::ones({place.size(0)}, boxes.options());
  const torch::Tensor counts = torch::zeros({boxes.size(0)}, boxes.options()).index_add_(0, place, one_each);
  const torch::Tensor misses = 1 - complete_iou(boxes.index_select(0, place), targets.match_boxes);
  return (misses / counts.index_select(0, place)).sum();
}

}  // namespace

torch::Tensor yolo_cells(std::span<const detect::YoloLevel> levels, detect::Extent input) {
  std::vector<std::array<float, 5>> rows = detect::yolo_cells(levels, input);
  const auto count = static_cast<int64_t>(rows.size());
  return torch::from_blob(rows.data(), {count, 5}, torch::kFloat32).clone();
}

torch::Tensor yolo_boxes(const torch::Tensor& codes, const torch::Tensor& cells) {
  const torch::Tensor centre = cells.narrow(-1, 0, 2) + codes.narrow(-1, 0, 2).sigmoid() * cells.narrow(-1, 2, 1);
  const torch::Tensor logs = codes.narrow(-1, 2, 2).clamp(-detect::kMaxLogScale, detect::kMaxLogScale);
  const torch::Tensor half = logs.exp() * cells.narrow(-1, 3, 2) / 2;
  return torch::cat({centre - half, centre + half}, -1);
}

torch::Tensor complete_iou(const torch::Tensor& predicted, const torch::Tensor& wanted) {
  const Corners p = corners_of(predicted), w = corners_of(wanted);
  const torch::Tensor iou = overlap_of(p, w);
  const torch::Tensor distance = ((p.x1 + p.x2 - w.x1 - w.x2).square() + (p.y1 + p.y2 - w.y1 - w.y2).square()) / 4;
  const torch::Tensor diagonal = (at::maximum(p.x2, w.x2) - at::minimum(p.x1, w.x1)).square() +
                                 (at::maximum(p.y2, w.y2) - at::minimum(p.y1, w.y1)).square();
  const torch::Tensor angle = (w.width() / w.height()).atan() - (p.width() / p.height()).atan();
  const torch::Tensor v = angle.square() * (4 / (std::numbers::pi * std::numbers::pi));
  return iou - distance / diagonal - v.square() / (1 - iou + v + 1e-6);
}

YoloLosses yolo_losses(const torch::Tensor& outputs, const torch::Tensor& cells, const YoloTargets& targets,
                       double normaliser, const YoloLossOptions& options) {
  const torch::Tensor flat = outputs.reshape({-1, outputs.size(2)});
  // Cross entropy of a logit x: softplus(x) where 0 is wanted, softplus(-x) where 1 is.
  const torch::Tensor background = background_of(outputs, cells, targets, options);
  torch::Tensor objectness = (at::softplus(flat.select(1, kObjectness)) * background).sum();

  const torch::Tensor own = flat.index_select(0, targets.positives);
  objectness = objectness + at::softplus(-own.select(1, kObjectness)).sum();
  const torch::Tensor logits = own.narrow(1, detect::kYoloBoxChannels, own.size(1) - detect::kYoloBoxChannels);
  const torch::Tensor classification = (at::softplus(logits) - logits * targets.classes).sum();
  const torch::Tensor own_cells = cells.index_select(0, targets.positives.remainder(outputs.size(1)));
  const torch::Tensor box = box_loss_of(yolo_boxes(own.narrow(1, 0, 4), own_cells), targets);
  return {objectness * (options.objectness_weight / normaliser), classification * (options.class_weight / normaliser),
          box * (options.box_weight / normaliser)};
}

}  // namespace spinenet::nn
