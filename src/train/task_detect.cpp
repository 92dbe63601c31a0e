#include "train/task_detect.h"

#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "base/format.h"
#include "base/log.h"
#include "base/progress.h"
#include "detect/anchors.h"
#include "eval/coco_ap.h"
#include "graph/anchors.h"
#include "graph/lower.h"
#include "runtime/detect_function.h"
#include "train/report_detect.h"
#include "train/yolo_losses.h"

namespace spinenet::train {
namespace {

// The labels of a batch as tensors on the device.
nn::LossTargets targets_of(const data::Batch& batch, torch::Device device) {
  const auto anchors = static_cast<int64_t>(batch.labels.front().classes.size());
  torch::Tensor classes = torch::empty({batch.images, anchors}, torch::kInt32);
  torch::Tensor codes = torch::empty({batch.images, anchors, 4}, torch::kFloat32);
  for (size_t i = 0; i < batch.labels.size(); ++i) {
    const data::AnchorLabels& labels = batch.labels[i];
    std::memcpy(classes.data_ptr<int32_t>() + static_cast<int64_t>(i) * anchors, labels.classes.data(),
                labels.classes.size() * sizeof(int32_t));
    std::memcpy(codes.data_ptr<float>() + static_cast<int64_t>(i) * anchors * 4, labels.codes.data(),
                labels.codes.size() * sizeof(float));
  }
  return {classes.to(device, torch::kInt64), codes.to(device)};
}

double positives_of(const data::Batch& batch) {
  double positives = 0;
  for (const data::AnchorLabels& labels : batch.labels) positives += labels.positives;
  return positives;
}

HeadCells head_cells(const arch::Architecture& architecture, int size) {
  switch (architecture.head_kind) {
    case arch::HeadKind::retina:
      return detect::make_anchors(graph::anchor_options(architecture), size, size);
    case arch::HeadKind::yolo:
      return graph::yolo_levels(architecture);
  }
  fail(ErrorKind::failed, "an unknown head", "task");
}

// Objects that no anchor cell learns, as far as the images' sizes tell.
void tell_unlearned(const data::CocoDataset& set, const detect::YoloAnchors& anchors, int image_size) {
  int64_t objects = 0, unlearned = 0;
  for (int64_t i = 0; i < set.size(); ++i) {
    const detect::Extent image = set.extent(i);
    const float scale = static_cast<float>(image_size) / static_cast<float>(std::max(image.height, image.width));
    for (const data::Target& target : set.targets(i)) {
      if (target.crowd) continue;
      ++objects;
      unlearned += detect::has_level(anchors, {target.box.width() * scale, target.box.height() * scale}) ? 0 : 1;
    }
  }
  if (unlearned == 0) return;
  log_warning(
      fmt::format("{} of the {} objects are most like an anchor that no level has, so nothing learns them; set "
                  "fit_to_data to true, "
                  "or name the anchor in architecture.yolo_anchors_of_level",
                  unlearned, objects));
}

}  // namespace

BatchLosses detection_batch_losses(const BatchPass& pass, const nn::LossOptions& options) {
  const double positives = pass.sum(positives_of(pass.batch));
  const std::vector<torch::Tensor> outputs = pass.run(0, pass.pixels);
  const auto middle = outputs.begin() + static_cast<std::ptrdiff_t>(outputs.size() / 2);
  const std::vector<torch::Tensor> class_levels(outputs.begin(), middle);
  const std::vector<torch::Tensor> box_levels(middle, outputs.end());
  const nn::LossTargets targets = targets_of(pass.batch, pass.pixels.device());
  const torch::Tensor codes = nn::flatten_levels(box_levels, 4);
  const int64_t anchors = box_levels.front().size(1) / 4;
  const torch::Tensor logits = nn::flatten_levels(class_levels, class_levels.front().size(1) / anchors);
  const nn::Losses losses = nn::detection_losses(logits, codes, targets, positives, options);
  return {{{"classification_loss", losses.classification}, {"box_loss", losses.box}}, logits};
}

DetectTask::DetectTask(const Recipe& recipe, const arch::Architecture& architecture, RunData data)
    : recipe_(recipe), data_(std::move(data)) {
  for (const detect::Category& category : data_.classes) classes_.push_back({category.id, category.name});
  const int size = recipe_.image_size;
  programs_ = {
      graph::lower_detector(architecture, {size, size, static_cast<int>(classes_.size()), recipe_.stochastic_depth})};
  head_ = head_cells(architecture, size);
  if (architecture.head_kind == arch::HeadKind::yolo) {
    yolo_anchors_ = graph::yolo_anchors(architecture);
    if (data_.stored != nullptr) tell_unlearned(*data_.stored, yolo_anchors_, size);
  }
  post_ = runtime::usual_postprocess(architecture);
}

BatchLosses DetectTask::losses(const BatchPass& pass) const {
  return std::visit(
      graph::Overloaded{[&](const RetinaCells&) { return detection_batch_losses(pass, recipe_.loss); },
                        [&](const YoloCells& levels) { return yolo_batch_losses(pass, levels, recipe_.yolo_loss); }},
      head_);
}

data::LoaderOptions DetectTask::training_loader(data::LoaderOptions common) const {
  common.augment = recipe_.augment;
  std::visit(graph::Overloaded{[&](const RetinaCells& anchors) { common.anchors = anchors; },
                               [&](const YoloCells&) { common.yolo_anchors = yolo_anchors_; }},
             head_);
  return common;
}

std::vector<detect::Result> DetectTask::detect_validation(const nn::Parameters& parameters,
                                                          const ProgressOptions& bar) const {
  data::Loader loader(*data_.val, measuring_loader(recipe_));
  ValidateOptions options;
  options.classes = static_cast<int>(classes_.size());
  options.category_ids = data_.category_ids();
  options.post = post_;
  Progress progress("measure", data_.val->size(), bar);
  options.progress = [&](int64_t images) { progress.update(images); };
  return detect_all(programs_.front(), parameters, loader, head_, options);
}

NamedNumbers DetectTask::measure(const nn::Parameters& parameters, const ProgressOptions& bar) const {
  const std::vector<detect::Result> results = detect_validation(parameters, bar);
  const auto coco = eval::named_numbers(eval::evaluate_coco(data_.val_annotations, results, {}).metrics);
  NamedNumbers numbers(coco.begin(), coco.end());
  std::ranges::copy(eval::class_agnostic_numbers(data_.val_annotations, results, eval::IouType::bbox),
                    std::back_inserter(numbers));
  return numbers;
}

std::vector<CurveKeys> DetectTask::curves() const {
  std::vector<std::string> losses{"loss", "classification_loss", "box_loss"};
  if (std::holds_alternative<YoloCells>(head_)) losses.emplace_back("objectness_loss");
  return {{"Loss", "loss", losses},
          {"Average precision", "AP", {"AP", "AP50", "AP75"}},
          {"By object size", "AP", {"APs", "APm", "APl"}}};
}

void DetectTask::add_evaluation(plot::ReportData& report, const nn::Parameters& best,
                                const ProgressOptions& bar) const {
  if (data_.val) add_detections(report, data_, detect_validation(best, bar));
}

}  // namespace spinenet::train
