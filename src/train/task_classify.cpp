#include "train/task_classify.h"

#include <algorithm>

#include "base/format.h"
#include "base/progress.h"
#include "base/random.h"
#include "graph/lower.h"
#include "train/report_classify.h"

namespace spinenet::train {
namespace {

constexpr int kMeasuredTogether = 64;  // images; small ones keep a processor busy only in numbers

nn::Mixing mixing_of(const BatchPass& pass, double mixup) {
  const uint64_t seed = Random(pass.mode.drop_path_seed).fork(Random::hash("mixup")).next();
  return nn::draw_mixing(pass.batch.images, pass.mode.first_sample, mixup, seed);
}

}  // namespace

BatchLosses classification_batch_losses(const BatchPass& pass, const nn::ClassificationLossOptions& options) {
  const double pictures = pass.sum(static_cast<double>(pass.batch.images));
  const int64_t classes =
      pass.programs.front().values[static_cast<size_t>(pass.programs.front().outputs.front().value)].channels;
  torch::Tensor targets = nn::soft_targets(pass.batch.image_labels, classes, options.label_smoothing);
  torch::Tensor pixels = pass.pixels;
  if (options.mixup > 0 && pass.mode.training) {
    const nn::Mixing mixing = mixing_of(pass, options.mixup);
    pixels = nn::mix(pixels, mixing);
    targets = nn::mix(targets, mixing);
  }
  const torch::Tensor logits = pass.run(0, pixels).front().flatten(1);
  return {{{"classification_loss", nn::soft_cross_entropy(logits, targets.to(pixels.device()), pictures)}}, logits};
}

ClassifyTask::ClassifyTask(const Recipe& recipe, const arch::Architecture& architecture, ClassData data)
    : recipe_(recipe), data_(std::move(data)) {
  for (const detect::Category& category : data_.classes) classes_.push_back({category.id, category.name});
  const int size = recipe_.image_size;
  programs_ = {
      graph::lower_classifier(architecture, {size, size, static_cast<int>(classes_.size()), recipe_.stochastic_depth})};
}

data::LoaderOptions ClassifyTask::training_loader(data::LoaderOptions common) const {
  common.augment = recipe_.augment;
  common.crop = recipe_.classify.crop;
  return common;
}

std::vector<eval::Classified> ClassifyTask::classify_validation(const nn::Parameters& parameters,
                                                                const ProgressOptions& bar) const {
  data::LoaderOptions options = measuring_loader(recipe_);
  options.crop = recipe_.classify.crop;
  options.batch = std::min(recipe_.batch, kMeasuredTogether);
  data::Loader loader(*data_.val, options);
  Progress progress("measure", data_.val->size(), bar);
  std::vector<eval::Classified> found;
  for (int64_t step = 0; step < loader.steps_per_epoch(); ++step) {
    const data::Batch batch = loader.next();
    if (batch.images == 0) continue;
    const torch::Tensor host = torch::from_blob(const_cast<float*>(batch.pixels.data()),
                                                {batch.images, 3, batch.height, batch.width}, torch::kFloat32);
    const torch::Tensor logits =
        nn::forward(programs_.front(), parameters, host.to(parameters.values.device()), {}).front().flatten(1);
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

NamedNumbers ClassifyTask::measure(const nn::Parameters& parameters, const ProgressOptions& bar) const {
  return eval::named_numbers(eval::evaluate_top_k(classify_validation(parameters, bar), data_.classes));
}

std::vector<CurveKeys> ClassifyTask::curves() const {
  return {{"Loss", "loss", {"loss", "log_loss"}},
          {"Accuracy", "share", {"top1", "top5", "group_top1"}},
          {"Calibration error", "error", {"ece"}}};
}

void ClassifyTask::add_evaluation(plot::ReportData& report, const nn::Parameters& best,
                                  const ProgressOptions& bar) const {
  if (!data_.val) return;
  const std::vector<eval::Classified> found = classify_validation(best, bar);
  add_classification(report, *data_.val, found, eval::evaluate_top_k(found, data_.classes));
}

std::map<std::string, std::string> ClassifyTask::model_facts() const {
  return {{"center_crop", fmt::format("{}", recipe_.classify.crop.center)}};
}

}  // namespace spinenet::train
