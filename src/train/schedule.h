// The learning rate over a run: linear warm-up, then steps (published protocols A to C), a cosine, or a constant rate
// with a short decay at its end, which a run that was made longer may have instead of an earlier one (Hägele et al.,
// Scaling Laws and Compute-Optimal Training Beyond Fixed Training Durations, 2024). And the limits of batch
// renormalisation, which rise as in Ioffe, Batch Renormalization (NIPS 2017), section 4.
#pragma once

#include <cstdint>

#include "train/recipe.h"

namespace spinenet::train {

// For step `step` of `total`, both counted over all epochs. A run shorter than the warm-up warms up over its first
// half.
double learning_rate(const OptimizerRecipe& optimizer, const ScheduleRecipe& schedule, int64_t step, int64_t total);

// None where the recipe asks for none. Both limits stay those of plain batch norm for the first eighth of renorm_steps
// and then rise in a line, the shift to its greatest at five eighths of them, the scale at their end: the published
// 5,000, 25,000 and 40,000 steps of 130,000.
nn::BatchRenorm batch_renorm(const BatchNormRecipe& recipe, int64_t step, int64_t total);

}  // namespace spinenet::train
