// The learning rate over a run: linear warm-up, then steps (published protocols A to C) or a cosine.
#pragma once

#include <cstdint>

#include "train/recipe.h"

namespace spinenet::train {

// For step `step` of `total`, both counted over all epochs. A run shorter than the warm-up warms up over its first
// half.
double learning_rate(const OptimizerRecipe& optimizer, const ScheduleRecipe& schedule, int64_t step, int64_t total);

}  // namespace spinenet::train
