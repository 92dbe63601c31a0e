// max_minutes of a recipe: how many steps fit, and whether minutes or steps end the run.
//
// Thread contract: pure functions.
#pragma once

#include <cstdint>
#include <optional>

#include "base/progress.h"

namespace spinenet::train {

// Of the steps since the run began or went on.
struct Pace {
  int64_t steps = 0;
  double step_seconds = 0;  // for them alone
  double seconds = 0;       // with measurements and all else
};

// The part of max_minutes that is for steps; the rest is for the last measurement and the report.
double seconds_for_steps(double max_minutes);

// Steps that are still to come where the time ends the run, at least one. `pace` has steps.
int64_t fitting_steps(double max_minutes, const Pace& pace);

// Nothing where there is no limit, before there is a pace, and where the steps are done sooner.
std::optional<NearerEnd> end_by_time(double max_minutes, const Pace& pace, int64_t steps_left);

}  // namespace spinenet::train
