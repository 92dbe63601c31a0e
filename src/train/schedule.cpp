#include "train/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace spinenet::train {

double learning_rate(const OptimizerRecipe& optimizer, const ScheduleRecipe& schedule, int64_t step, int64_t total) {
  const double peak = optimizer.learning_rate;
  const int64_t warmup = std::min<int64_t>(schedule.warmup_steps, total / 2);
  if (step < warmup) {
    const double done = static_cast<double>(step) / static_cast<double>(warmup);
    return peak * (schedule.warmup_factor + (1 - schedule.warmup_factor) * done);
  }
  if (schedule.kind == ScheduleKind::step) {
    const double share = static_cast<double>(step) / static_cast<double>(total);
    const auto passed = std::count_if(schedule.milestones.begin(), schedule.milestones.end(),
                                      [&](double milestone) { return share >= milestone; });
    return peak * std::pow(schedule.gamma, static_cast<double>(passed));
  }
  const double share = static_cast<double>(step - warmup) / static_cast<double>(std::max<int64_t>(total - warmup, 1));
  const double cosine = 0.5 * (1 + std::cos(std::numbers::pi * std::min(share, 1.0)));
  return peak * (schedule.final_factor + (1 - schedule.final_factor) * cosine);
}

}  // namespace spinenet::train
