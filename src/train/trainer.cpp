#include "train/trainer.h"

#include <cmath>
#include <cstring>

#include "base/random.h"
#include "train/schedule.h"

namespace spinenet {
namespace {

// The labels of a batch as tensors on the device.
LossTargets targets_of(const Batch& batch, torch::Device device) {
  const auto anchors = static_cast<int64_t>(batch.labels.front().classes.size());
  torch::Tensor classes = torch::empty({batch.images, anchors}, torch::kInt32);
  torch::Tensor codes = torch::empty({batch.images, anchors, 4}, torch::kFloat32);
  for (size_t i = 0; i < batch.labels.size(); ++i) {
    const AnchorLabels& labels = batch.labels[i];
    std::memcpy(classes.data_ptr<int32_t>() + static_cast<int64_t>(i) * anchors, labels.classes.data(),
                labels.classes.size() * sizeof(int32_t));
    std::memcpy(codes.data_ptr<float>() + static_cast<int64_t>(i) * anchors * 4, labels.codes.data(),
                labels.codes.size() * sizeof(float));
  }
  return {classes.to(device, torch::kInt64), codes.to(device)};
}

double positives_of(const Batch& batch) {
  double positives = 0;
  for (const AnchorLabels& labels : batch.labels) positives += labels.positives;
  return positives;
}

}  // namespace

Trainer::Trainer(Program program, const Weights& first, const Recipe& recipe, torch::Device device,
                 Communicator& communicator)
    : program_(std::move(program)), recipe_(recipe), device_(device), communicator_(communicator) {
  state_.parameters = make_parameters(program_, first, device);
  state_.average = make_parameters(program_, first, device);
  state_.optimizer = make_optimizer(recipe.optimizer, state_.parameters);
  all_reduce_ = [this](torch::Tensor& tensor) { communicator_.all_reduce(tensor); };
}

ForwardMode Trainer::mode(const Batch& batch) const {
  ForwardMode mode;
  mode.training = true;
  mode.precision = recipe_.precision;
  mode.drop_path_seed = Random(recipe_.seed).fork(static_cast<uint64_t>(batch.step)).next();
  mode.first_sample = communicator_.rank() * batch.images;
  mode.all_reduce = communicator_.world() > 1 ? &all_reduce_ : nullptr;
  return mode;
}

StepReport Trainer::forward_backward(const Batch& batch) {
  torch::Tensor positives = torch::full({1}, positives_of(batch), torch::kFloat64);
  communicator_.all_reduce(positives);
  const torch::Tensor host = torch::from_blob(const_cast<float*>(batch.pixels.data()),
                                              {batch.images, 3, batch.height, batch.width}, torch::kFloat32);
  const std::vector<torch::Tensor> outputs = forward(program_, state_.parameters, host.to(device_), mode(batch));
  const size_t levels = outputs.size() / 2;
  const LossTargets targets = targets_of(batch, device_);
  const torch::Tensor codes = flatten_levels({outputs.begin() + static_cast<std::ptrdiff_t>(levels), outputs.end()}, 4);
  const std::vector<torch::Tensor> class_levels(outputs.begin(), outputs.begin() + static_cast<std::ptrdiff_t>(levels));
  const int64_t anchors = outputs[levels].size(1) / 4;
  const torch::Tensor logits = flatten_levels(class_levels, class_levels.front().size(1) / anchors);
  const Losses losses = detection_losses(logits, codes, targets, positives.item<double>(), recipe_.loss);
  state_.parameters.gradients.zero_();
  losses.total().backward();
  communicator_.all_reduce(state_.parameters.gradients);
  torch::Tensor sums =
      torch::stack({losses.classification.detach(), losses.box.detach()}).to(torch::kCPU, torch::kFloat64);
  communicator_.all_reduce(sums);
  StepReport report;
  report.classification_loss = sums[0].item<double>();
  report.box_loss = sums[1].item<double>();
  if (!std::isfinite(report.loss())) report.largest_logit = logits.detach().abs().max().item<double>();
  return report;
}

StepReport Trainer::step(const Batch& batch) {
  Progression& progression = state_.progression;
  const torch::Tensor statistics_before = state_.parameters.statistics.clone();
  StepReport report = forward_backward(batch);
  report.learning_rate = learning_rate(recipe_.optimizer, recipe_.schedule, progression.step, progression.total_steps);
  report.gradient_norm = clip_gradients(state_.parameters, recipe_.optimizer.clip_norm);
  report.finite = std::isfinite(report.loss()) && std::isfinite(report.gradient_norm);
  if (report.finite) {
    update(state_.parameters, state_.optimizer, recipe_.optimizer, report.learning_rate);
    if (recipe_.optimizer.ema_decay > 0) {
      update_average(state_.average, state_.parameters, recipe_.optimizer.ema_decay, state_.optimizer.updates);
    }
  } else {
    const torch::NoGradGuard no_grad;
    state_.parameters.statistics.copy_(statistics_before);
    ++progression.skipped_steps;
  }
  ++progression.step;
  return report;
}

}  // namespace spinenet
