#include "train/task_classify.h"

#include <algorithm>

#include "base/format.h"
#include "base/progress.h"
#include "base/random.h"
#include "graph/lower.h"
#include "train/report_classify.h"

namespace spinenet {
namespace {

constexpr int kMeasuredTogether = 64;  // pictures; small ones keep a processor busy only in numbers

Mixing mixing_of(const BatchPass& pass, double mixup) {
  const uint64_t seed = Random(pass.mode.drop_path_seed).fork(Random::hash("mixup")).next();
  return draw_mixing(pass.batch.images, pass.mode.first_sample, mixup, seed);
}

}  // namespace

BatchLosses classification_batch_losses(const BatchPass& pass, const ClassificationLossOptions& options) {
  const double pictures = pass.sum(static_cast<double>(pass.batch.images));
  const int64_t classes =
      pass.programs.front().values[static_cast<size_t>(pass.programs.front().outputs.front().value)].channels;
  torch::Tensor targets = soft_targets(pass.batch.image_labels, classes, options.label_smoothing);
  torch::Tensor pixels = pass.pixels;
  if (options.mixup > 0) {
    const Mixing mixing = mixing_of(pass, options.mixup);
    pixels = mix(pixels, mixing);
    targets = mix(targets, mixing);
  }
  const torch::Tensor logits = pass.run(0, pixels).front().flatten(1);
  return {{{"classification_loss", soft_cross_entropy(logits, targets.to(pixels.device()), pictures)}}, logits};
}

ClassifyTask::ClassifyTask(const Recipe& recipe, const Architecture& architecture, ClassData data)
    : recipe_(recipe), data_(std::move(data)) {
  for (const Category& category : data_.classes) classes_.push_back({category.id, category.name});
  const int size = recipe_.image_size;
  programs_ = {
      lower_classifier(architecture, {size, size, static_cast<int>(classes_.size()), recipe_.stochastic_depth})};
}

LoaderOptions ClassifyTask::training_loader(LoaderOptions common) const {
  common.augment = recipe_.augment;
  common.crop = recipe_.classify.crop;
  return common;
}

std::vector<Classified> ClassifyTask::classify_validation(const Parameters& parameters) const {
  LoaderOptions options = measuring_loader(recipe_);
  options.crop = recipe_.classify.crop;
  options.batch = std::min(recipe_.batch, kMeasuredTogether);
  Loader loader(*data_.val, options);
  Progress progress("measure", data_.val->size());
  std::vector<Classified> found;
  for (int64_t step = 0; step < loader.steps_per_epoch(); ++step) {
    const Batch batch = loader.next();
    if (batch.images == 0) continue;
    const torch::Tensor host = torch::from_blob(const_cast<float*>(batch.pixels.data()),
                                                {batch.images, 3, batch.height, batch.width}, torch::kFloat32);
    const torch::Tensor logits =
        forward(programs_.front(), parameters, host.to(parameters.values.device()), {}).front().flatten(1);
    const torch::Tensor scores = at::softmax(logits, 1).to(torch::kCPU).contiguous();
    const float* row = scores.data_ptr<float>();
    for (size_t i = 0; i < batch.image_labels.size(); ++i) {
      found.push_back({batch.image_ids[i], batch.image_labels[i], {row, row + scores.size(1)}});
      row += scores.size(1);
    }
    progress.update(static_cast<int64_t>(found.size()));
  }
  return found;
}

NamedNumbers ClassifyTask::measure(const Parameters& parameters) const {
  return named_numbers(evaluate_top_k(classify_validation(parameters), data_.classes));
}

std::vector<CurveKeys> ClassifyTask::curves() const {
  return {{"Loss", "loss", {"loss", "log_loss"}},
          {"Accuracy", "share", {"top1", "top5", "group_top1"}},
          {"Calibration error", "error", {"ece"}}};
}

void ClassifyTask::add_evaluation(ReportData& report, const Parameters& best) const {
  if (!data_.val) return;
  const std::vector<Classified> found = classify_validation(best);
  add_classification(report, *data_.val, found, evaluate_top_k(found, data_.classes));
}

std::map<std::string, std::string> ClassifyTask::model_facts() const {
  return {{"center_crop", fmt::format("{}", recipe_.classify.crop.center)}};
}

}  // namespace spinenet
