// SGD with momentum and AdamW over flat buffers, and the moving average of the weights.
//
// Weight decay applies to kernels alone: the first `kernels` values. For sgd it is added to the gradient, for adamw it
// shrinks the weights directly (Loshchilov and Hutter, Decoupled Weight Decay Regularization, 2019).
#pragma once

#include <cstdint>
#include <vector>

#include "nn/parameters.h"
#include "train/recipe.h"

namespace spinenet::train {

struct OptimizerState {
  std::vector<torch::Tensor> moments;  // one for sgd, two for adamw
  int64_t updates = 0;
};

OptimizerState make_optimizer(const OptimizerRecipe& recipe, const nn::Parameters& parameters);

// Scales the gradients down to a global norm of `limit` (0: never) and returns the norm they had.
double clip_gradients(nn::Parameters& parameters, double limit);

struct UpdateOptions {
  const OptimizerRecipe& recipe;
  double learning_rate = 0;
  torch::Tensor rates{};  // of each value, times learning_rate; undefined: all are 1
};

// One update from parameters.gradients.
void update(nn::Parameters& parameters, OptimizerState& state, const UpdateOptions& options);

enum class Averaging {
  plain,
  exact,  // what is equal in both stays as it is, to the bit: frozen parts
};

// average = d * average + (1 - d) * live with d = min(decay, (1 + updates) / (10 + updates)), statistics too.
void update_average(nn::Parameters& average, const nn::Parameters& live, double decay, int64_t updates,
                    Averaging averaging = Averaging::plain);

}  // namespace spinenet::train
