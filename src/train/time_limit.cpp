#include "train/time_limit.h"

#include <algorithm>

namespace spinenet::train {
namespace {

constexpr double kShareForSteps = 0.95;  // of max_minutes
constexpr int64_t kStepsOfAPace = 3;     // the first one is slower than the others

double per_step(const Pace& pace) {
  return pace.step_seconds / static_cast<double>(pace.steps);
}

double step_seconds_left(double max_minutes, const Pace& pace) {
  return seconds_for_steps(max_minutes) - pace.step_seconds;
}

}  // namespace

double seconds_for_steps(double max_minutes) {
  return 60 * kShareForSteps * max_minutes;
}

int64_t fitting_steps(double max_minutes, const Pace& pace) {
  return std::max<int64_t>(static_cast<int64_t>(step_seconds_left(max_minutes, pace) / per_step(pace)), 1);
}

std::optional<NearerEnd> end_by_time(double max_minutes, const Pace& pace, int64_t steps_left) {
  if (max_minutes <= 0 || pace.steps < kStepsOfAPace || pace.step_seconds <= 0) return std::nullopt;
  const double left = std::max(0.0, step_seconds_left(max_minutes, pace));
  if (left >= static_cast<double>(steps_left) * per_step(pace)) return std::nullopt;
  const double with_measurements = std::max(1.0, pace.seconds / pace.step_seconds);
  return NearerEnd{std::min(1.0, pace.step_seconds / seconds_for_steps(max_minutes)), minutes_text(max_minutes),
                   left * with_measurements};
}

}  // namespace spinenet::train
