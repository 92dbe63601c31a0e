#include "train/trainer.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/format.h"
#include "base/random.h"
#include "train/schedule.h"

namespace spinenet::train {
double BatchPass::sum(double own) const {
  torch::Tensor all = torch::full({1}, own, torch::kFloat64);
  communicator.all_reduce(all);
  return all.item<double>();
}

torch::Tensor pixels_of(const data::Batch& batch, torch::Device device) {
  return torch::from_blob(const_cast<float*>(batch.pixels.data()), {batch.images, 3, batch.height, batch.width},
                          torch::kFloat32)
      .to(device);
}

double StepReport::loss() const {
  double sum = 0;
  for (const auto& [name, value] : losses) sum += value;
  return sum;
}

double StepReport::loss(std::string_view name) const {
  const auto found = std::ranges::find(losses, name, [](const auto& part) { return std::string_view(part.first); });
  if (found == losses.end()) fail(ErrorKind::failed, fmt::format("the step has no {}", name), "trainer");
  return found->second;
}

Trainer::Trainer(Trainee trainee, const Weights& first, const Recipe& recipe, torch::Device device,
                 Communicator& communicator)
    : trainee_(std::move(trainee)),
      all_(graph::parameters_of_all(trainee_.programs)),
      recipe_(recipe),
      device_(device),
      communicator_(communicator) {
  state_.parameters = nn::make_parameters(all_, first, device);
  state_.average = nn::make_parameters(all_, first, device);
  state_.optimizer = make_optimizer(recipe.optimizer, state_.parameters);
  live_ = nn::parts_of(state_.parameters, trainee_.programs);
  all_reduce_ = [this](torch::Tensor& tensor) { communicator_.all_reduce(tensor); };
}

void Trainer::begin_with(const Weights& weights) {
  const torch::NoGradGuard no_grad;
  const nn::Parameters given = nn::make_parameters(all_, weights, device_);
  for (nn::Parameters* own : {&state_.parameters, &state_.average}) {
    own->values.copy_(given.values);
    own->statistics.copy_(given.statistics);
  }
}

void Trainer::fine_tune(const std::vector<std::string>& taken) {
  fine_tuning_ = train::fine_tune(recipe_.fine_tune, all_, state_.parameters, taken);
}

nn::ForwardMode Trainer::mode(const data::Batch& batch) const {
  nn::ForwardMode mode;
  mode.training = true;
  mode.precision = recipe_.precision;
  mode.drop_path_seed = Random(recipe_.seed).fork(static_cast<uint64_t>(batch.step)).next();
  mode.first_sample = communicator_.rank() * batch.images;
  mode.all_reduce = communicator_.world() > 1 ? &all_reduce_ : nullptr;
  mode.renorm = batch_renorm(recipe_.batch_norm, state_.progression.step, state_.progression.total_steps);
  if (!fine_tuning_.kept_statistics.empty()) mode.kept_statistics = &fine_tuning_.kept_statistics;
  return mode;
}

StepReport Trainer::forward_backward(const data::Batch& batch) {
  const torch::Tensor pixels = pixels_of(batch, device_);
  const nn::ForwardMode training = mode(batch);
  const BatchLosses losses = trainee_.losses({batch, pixels, trainee_.programs, live_, training, communicator_});
  torch::Tensor total = losses.parts.front().second;
  std::vector<torch::Tensor> values{total.detach()};
  for (size_t i = 1; i < losses.parts.size(); ++i) {
    total = total + losses.parts[i].second;
    values.push_back(losses.parts[i].second.detach());
  }
  state_.parameters.gradients.zero_();
  total.backward();
  communicator_.all_reduce(state_.parameters.gradients);
  torch::Tensor sums = torch::stack(values).to(torch::kCPU, torch::kFloat64);
  communicator_.all_reduce(sums);
  StepReport report;
  for (size_t i = 0; i < losses.parts.size(); ++i) {
    report.losses.emplace_back(losses.parts[i].first, sums[static_cast<int64_t>(i)].item<double>());
  }
  if (!std::isfinite(report.loss())) report.largest_logit = losses.logits.detach().abs().max().item<double>();
  return report;
}

StepReport Trainer::step(const data::Batch& batch) {
  Progression& progression = state_.progression;
  const torch::Tensor statistics_before = state_.parameters.statistics.clone();
  StepReport report;
  try {
    report = forward_backward(batch);
  } catch (...) {  // another process was lost on the way: a step is done wholly or not at all
    const torch::NoGradGuard no_grad;
    state_.parameters.statistics.copy_(statistics_before);
    throw;
  }
  report.learning_rate = learning_rate(recipe_.optimizer, recipe_.schedule, progression.step, progression.total_steps);
  report.gradient_norm = clip_gradients(state_.parameters, recipe_.optimizer.clip_norm);
  report.finite = std::isfinite(report.loss()) && std::isfinite(report.gradient_norm);
  if (report.finite) {
    update(state_.parameters, state_.optimizer, {recipe_.optimizer, report.learning_rate, fine_tuning_.rates});
    if (recipe_.optimizer.ema_decay > 0) {
      const bool tuned = fine_tuning_.rates.defined() || !fine_tuning_.kept_statistics.empty();
      update_average(state_.average, state_.parameters, recipe_.optimizer.ema_decay, state_.optimizer.updates,
                     tuned ? Averaging::exact : Averaging::plain);
    }
  } else {
    const torch::NoGradGuard no_grad;
    state_.parameters.statistics.copy_(statistics_before);
    ++progression.skipped_steps;
  }
  ++progression.step;
  return report;
}

}  // namespace spinenet::train
