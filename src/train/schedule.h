// The learning rate over a run: linear warm-up, then steps (published protocols A to C), a cosine, or a constant rate
// with a short decay at its end, which a run that was made longer may have instead of an earlier one (Hägele et al.,
// Scaling Laws and Compute-Optimal Training Beyond Fixed Training Durations, 2024).
#pragma once

#include <cstdint>

#include "train/recipe.h"

namespace spinenet::train {

// For step `step` of `total`, both counted over all epochs. A run shorter than the warm-up warms up over its first
// half.
double learning_rate(const OptimizerRecipe& optimizer, const ScheduleRecipe& schedule, int64_t step, int64_t total);

}  // namespace spinenet::train
