#include "train/optimizer.h"

#include <cmath>

namespace spinenet::train {
namespace {

// Values move by step * size, each by its own rate where there are rates.
void move(nn::Parameters& p, const torch::Tensor& step, double size, const torch::Tensor& rates) {
  if (rates.defined()) {
    p.values.addcmul_(step, rates, size);
  } else {
    p.values.add_(step, size);
  }
}

void update_sgd(nn::Parameters& p, OptimizerState& state, const UpdateOptions& options) {
  const OptimizerRecipe& recipe = options.recipe;
  if (recipe.weight_decay > 0) {
    p.gradients.narrow(0, 0, p.kernels).add_(p.values.narrow(0, 0, p.kernels), recipe.weight_decay);
  }
  state.moments[0].mul_(recipe.momentum).add_(p.gradients);
  move(p, state.moments[0], -options.learning_rate, options.rates);
}

void decay_kernels(nn::Parameters& p, const UpdateOptions& options) {
  const double share = options.learning_rate * options.recipe.weight_decay;
  torch::Tensor kernels = p.values.narrow(0, 0, p.kernels);
  if (options.rates.defined()) {
    kernels.addcmul_(kernels, options.rates.narrow(0, 0, p.kernels), -share);
  } else {
    kernels.mul_(1 - share);
  }
}

void update_adamw(nn::Parameters& p, OptimizerState& state, const UpdateOptions& options) {
  constexpr double kEpsilon = 1e-8;
  const OptimizerRecipe& recipe = options.recipe;
  if (recipe.weight_decay > 0) decay_kernels(p, options);
  state.moments[0].mul_(recipe.momentum).add_(p.gradients, 1 - recipe.momentum);
  state.moments[1].mul_(recipe.beta2).addcmul_(p.gradients, p.gradients, 1 - recipe.beta2);
  const auto t = static_cast<double>(state.updates);
  const double bias1 = 1 - std::pow(recipe.momentum, t);
  const double bias2 = 1 - std::pow(recipe.beta2, t);
  const torch::Tensor scale = state.moments[1].sqrt().div_(std::sqrt(bias2)).add_(kEpsilon);
  if (options.rates.defined()) {
    move(p, state.moments[0] / scale, -options.learning_rate / bias1, options.rates);
  } else {
    p.values.addcdiv_(state.moments[0], scale, -options.learning_rate / bias1);
  }
}

}  // namespace

OptimizerState make_optimizer(const OptimizerRecipe& recipe, const nn::Parameters& parameters) {
  OptimizerState state;
  const size_t moments = recipe.kind == OptimizerKind::sgd ? 1 : 2;
  for (size_t i = 0; i < moments; ++i) state.moments.push_back(torch::zeros_like(parameters.values));
  return state;
}

double clip_gradients(nn::Parameters& parameters, double limit) {
  const double norm = parameters.gradients.norm().item<double>();
  if (limit > 0 && norm > limit) parameters.gradients.mul_(limit / norm);
  return norm;
}

void update(nn::Parameters& parameters, OptimizerState& state, const UpdateOptions& options) {
  const torch::NoGradGuard no_grad;
  ++state.updates;
  switch (options.recipe.kind) {
    case OptimizerKind::sgd:
      update_sgd(parameters, state, options);
      return;
    case OptimizerKind::adamw:
      update_adamw(parameters, state, options);
      return;
  }
}

void update_average(nn::Parameters& average, const nn::Parameters& live, double decay, int64_t updates,
                    Averaging averaging) {
  const torch::NoGradGuard no_grad;
  const auto t = static_cast<double>(updates);
  const double kept = std::min(decay, (1 + t) / (10 + t));
  const auto follow = [&](torch::Tensor& of, const torch::Tensor& now) {
    if (averaging == Averaging::exact) {
      of.add_(now - of, 1 - kept);
    } else {
      of.mul_(kept).add_(now, 1 - kept);
    }
  };
  follow(average.values, live.values);
  follow(average.statistics, live.statistics);
}

}  // namespace spinenet::train
