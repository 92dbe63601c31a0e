#include "train/optimizer.h"

#include <cmath>

#include <gtest/gtest.h>

namespace spinenet::train {
namespace {

// Three values of which the first two are kernels.
nn::Parameters three(double a, double b, double c) {
  nn::Parameters p;
  p.values = torch::tensor({a, b, c}, torch::kFloat32);
  p.gradients = torch::tensor({0.5, -1.0, 2.0}, torch::kFloat32);
  p.statistics = torch::tensor({1.0}, torch::kFloat32);
  p.kernels = 2;
  return p;
}

double at(const torch::Tensor& t, int64_t i) {
  return t[i].item<double>();
}

TEST(Sgd, AddsDecayToKernelsOnlyAndKeepsMomentum) {
  OptimizerRecipe recipe;
  recipe.weight_decay = 0.1;
  recipe.momentum = 0.9;
  nn::Parameters p = three(1, 2, 3);
  OptimizerState state = make_optimizer(recipe, p);
  update(p, state, {recipe, 0.01});
  EXPECT_NEAR(at(p.values, 0), 1 - 0.01 * (0.5 + 0.1), 1e-6);
  EXPECT_NEAR(at(p.values, 1), 2 - 0.01 * (-1 + 0.2), 1e-6);
  EXPECT_NEAR(at(p.values, 2), 3 - 0.01 * 2, 1e-6);
  p.gradients.zero_();
  const double before = at(p.values, 2);
  update(p, state, {recipe, 0.01});
  EXPECT_NEAR(at(p.values, 2), before - 0.01 * 0.9 * 2, 1e-6);
}

TEST(Adamw, FirstStepMovesByTheRateAgainstTheSign) {
  OptimizerRecipe recipe;
  recipe.kind = OptimizerKind::adamw;
  recipe.weight_decay = 0.5;
  nn::Parameters p = three(1, 2, 3);
  OptimizerState state = make_optimizer(recipe, p);
  update(p, state, {recipe, 0.01});
  EXPECT_NEAR(at(p.values, 0), 1 * (1 - 0.005) - 0.01, 1e-6);
  EXPECT_NEAR(at(p.values, 1), 2 * (1 - 0.005) + 0.01, 1e-6);
  EXPECT_NEAR(at(p.values, 2), 3 - 0.01, 1e-6);
}

TEST(Adamw, AgreesWithTheFormulaOverManySteps) {
  OptimizerRecipe recipe;
  recipe.kind = OptimizerKind::adamw;
  recipe.weight_decay = 0.01;
  nn::Parameters p = three(1, 2, 3);
  OptimizerState state = make_optimizer(recipe, p);
  double w = 1, m = 0, v = 0;
  for (int t = 1; t <= 50; ++t) {
    const double g = std::sin(t);
    p.gradients.fill_(g);
    update(p, state, {recipe, 0.02});
    w *= 1 - 0.02 * 0.01;
    m = 0.9 * m + 0.1 * g;
    v = 0.999 * v + 0.001 * g * g;
    w -= 0.02 * (m / (1 - std::pow(0.9, t))) / (std::sqrt(v / (1 - std::pow(0.999, t))) + 1e-8);
  }
  EXPECT_NEAR(at(p.values, 0), w, 1e-5);
}

TEST(ClipGradients, ScalesDownToTheLimitAndLeavesSmallOnes) {
  nn::Parameters p = three(0, 0, 0);
  const double norm = std::sqrt(0.25 + 1 + 4);
  EXPECT_NEAR(clip_gradients(p, 10), norm, 1e-6);
  EXPECT_NEAR(at(p.gradients, 2), 2, 1e-6);
  EXPECT_NEAR(clip_gradients(p, 1), norm, 1e-6);
  EXPECT_NEAR(p.gradients.norm().item<double>(), 1, 1e-6);
  EXPECT_NEAR(clip_gradients(p, 0), 1, 1e-6);
}

TEST(MovingAverage, FollowsQuicklyAtFirst) {
  nn::Parameters live = three(1, 1, 1);
  nn::Parameters average = three(0, 0, 0);
  update_average(average, live, 0.9998, 1);
  EXPECT_NEAR(at(average.values, 0), 1 - 2.0 / 11, 1e-6);
  update_average(average, live, 0.5, 1000);
  EXPECT_NEAR(at(average.values, 0), 0.5 * (1 - 2.0 / 11) + 0.5, 1e-6);
}

}  // namespace
}  // namespace spinenet::train
