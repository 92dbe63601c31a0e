#include "train/task_detect.h"

#include <algorithm>
#include <cstring>

#include "base/progress.h"
#include "detect/anchors.h"
#include "engine/detector.h"
#include "eval/coco_ap.h"
#include "graph/lower.h"
#include "train/report_detect.h"
#include "train/validate.h"

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

BatchLosses detection_batch_losses(const BatchPass& pass, const LossOptions& options) {
  const double positives = pass.sum(positives_of(pass.batch));
  const std::vector<torch::Tensor> outputs = pass.run(0, pass.pixels);
  const auto middle = outputs.begin() + static_cast<std::ptrdiff_t>(outputs.size() / 2);
  const std::vector<torch::Tensor> class_levels(outputs.begin(), middle);
  const std::vector<torch::Tensor> box_levels(middle, outputs.end());
  const LossTargets targets = targets_of(pass.batch, pass.pixels.device());
  const torch::Tensor codes = flatten_levels(box_levels, 4);
  const int64_t anchors = box_levels.front().size(1) / 4;
  const torch::Tensor logits = flatten_levels(class_levels, class_levels.front().size(1) / anchors);
  const Losses losses = detection_losses(logits, codes, targets, positives, options);
  return {{{"classification_loss", losses.classification}, {"box_loss", losses.box}}, logits};
}

DetectTask::DetectTask(const Recipe& recipe, const Architecture& architecture, RunData data)
    : recipe_(recipe), data_(std::move(data)) {
  for (const Category& category : data_.classes) classes_.push_back({category.id, category.name});
  const int size = recipe_.image_size;
  programs_ = {lower_detector(architecture, {size, size, static_cast<int>(classes_.size()), recipe_.stochastic_depth})};
  anchors_ = make_anchors(anchor_options(architecture), size, size);
}

LoaderOptions DetectTask::training_loader(LoaderOptions common) const {
  common.augment = recipe_.augment;
  common.anchors = anchors_;
  return common;
}

std::vector<Result> DetectTask::detect_validation(const Parameters& parameters) const {
  Loader loader(*data_.val, measuring_loader(recipe_));
  ValidateOptions options;
  options.classes = static_cast<int>(classes_.size());
  options.category_ids = data_.category_ids();
  Progress progress("measure", data_.val->size());
  options.progress = [&](int64_t images) { progress.update(images); };
  return detect_all(programs_.front(), parameters, loader, anchors_, options);
}

NamedNumbers DetectTask::measure(const Parameters& parameters) const {
  const auto numbers = named_numbers(evaluate_coco(data_.val_annotations, detect_validation(parameters), {}).metrics);
  return {numbers.begin(), numbers.end()};
}

std::vector<CurveKeys> DetectTask::curves() const {
  return {{"Loss", "loss", {"loss", "classification_loss", "box_loss"}},
          {"Average precision", "AP", {"AP", "AP50", "AP75"}},
          {"By object size", "AP", {"APs", "APm", "APl"}}};
}

void DetectTask::add_evaluation(ReportData& report, const Parameters& best) const {
  if (data_.val) add_detections(report, data_, detect_validation(best));
}

}  // namespace spinenet
