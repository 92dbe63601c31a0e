#include "train/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace spinenet::train {
namespace {

constexpr double kRenormShare = 0.3;                                 // of the run's steps
constexpr double kPlainShare = 1.0 / 8, kWholeShiftShare = 5.0 / 8;  // of the steps of renormalisation

// From the last factor to 1.
double between(double last, double share) {
  return last + (1 - last) * share;
}

double step_factor(const ScheduleRecipe& schedule, double share) {
  const auto passed = std::count_if(schedule.milestones.begin(), schedule.milestones.end(),
                                    [&](double milestone) { return share >= milestone; });
  return std::pow(schedule.gamma, static_cast<double>(passed));
}

// Which share of the decay is to come.
double decay_left(const ScheduleRecipe& schedule, int64_t step, int64_t total, int64_t warmup) {
  const int64_t steps = std::min<int64_t>(schedule.decay_steps, total - warmup);
  return steps == 0 ? 1 : std::min(1.0, static_cast<double>(total - step) / static_cast<double>(steps));
}

}  // namespace

double learning_rate(const OptimizerRecipe& optimizer, const ScheduleRecipe& schedule, int64_t step, int64_t total) {
  const double peak = optimizer.learning_rate;
  const int64_t warmup = std::min<int64_t>(schedule.warmup_steps, total / 2);
  if (step < warmup) {
    const double done = static_cast<double>(step) / static_cast<double>(warmup);
    return peak * (schedule.warmup_factor + (1 - schedule.warmup_factor) * done);
  }
  const double share = static_cast<double>(step - warmup) / static_cast<double>(std::max<int64_t>(total - warmup, 1));
  switch (schedule.kind) {
    case ScheduleKind::step:
      return peak * step_factor(schedule, static_cast<double>(step) / static_cast<double>(total));
    case ScheduleKind::cosine:
      return peak * between(schedule.final_factor, 0.5 * (1 + std::cos(std::numbers::pi * std::min(share, 1.0))));
    case ScheduleKind::constant:
      return peak * between(schedule.final_factor, decay_left(schedule, step, total, warmup));
  }
  return peak;
}

nn::BatchRenorm batch_renorm(const BatchNormRecipe& recipe, int64_t step, int64_t total) {
  if (recipe.renorm_below == 0) return {};
  const double steps = recipe.renorm_steps > 0 ? recipe.renorm_steps : kRenormShare * static_cast<double>(total);
  const double share = steps > 0 ? static_cast<double>(step) / steps : 1;
  const auto risen = [&](double end) { return std::clamp((share - kPlainShare) / (end - kPlainShare), 0.0, 1.0); };
  return {.below = static_cast<double>(recipe.renorm_below),
          .max_scale = 1 + (recipe.renorm_max_scale - 1) * risen(1),
          .max_shift = recipe.renorm_max_shift * risen(kWholeShiftShare)};
}

}  // namespace spinenet::train
