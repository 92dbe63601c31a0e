#include "train/fine_tune.h"

#include <map>

#include <gtest/gtest.h>

#include "arch/families.h"
#include "base/error.h"
#include "graph/lower.h"
#include "graph/weights.h"
#include "train/optimizer.h"

namespace spinenet::train {
namespace {

graph::Program tiny_classifier() {
  arch::Architecture a = arch::named_architecture("resnet-50");
  a.scaling.filter_size_scale = 0.05;
  a.scaling.stem_filters = 4;
  return graph::lower_classifier(a, {32, 32, 3});
}

nn::Parameters parameters_of(const graph::Program& program) {
  nn::Parameters p = nn::make_parameters(program, graph::initial_weights(program, {}, 1), torch::kCPU);
  p.gradients.fill_(0.01);
  return p;
}

// How far each parameter is from its first value after one update of gradients that are all alike.
std::map<std::string, double> moved(const FineTuneRecipe& recipe, const std::vector<std::string>& taken,
                                    OptimizerKind kind) {
  const graph::Program program = tiny_classifier();
  nn::Parameters p = parameters_of(program);
  const Weights before = nn::weights_of(program, p.values, p.statistics);
  const FineTuning tuning = fine_tune(recipe, program, p, taken);
  OptimizerRecipe optimizer;
  optimizer.kind = kind;
  optimizer.weight_decay = 0.1;
  OptimizerState state = make_optimizer(optimizer, p);
  update(p, state, {optimizer, 0.1, tuning.rates});
  std::map<std::string, double> distance;
  for (const auto& [name, tensor] : nn::weights_of(program, p.values, p.statistics)) {
    double greatest = 0;
    for (size_t i = 0; i < tensor.data.size(); ++i) {
      greatest = std::max(greatest, std::abs(double{tensor.data[i]} - before.at(name).data[i]));
    }
    distance[name] = greatest;
  }
  return distance;
}

constexpr const char* kStem = "stem.conv.weight";
constexpr const char* kDense = "head.dense.weight";

TEST(FineTune, FrozenPartsDoNotMove) {
  for (const OptimizerKind kind : {OptimizerKind::sgd, OptimizerKind::adamw}) {
    FineTuneRecipe recipe;
    recipe.frozen = {"stem"};
    const auto distance = moved(recipe, {}, kind);
    EXPECT_EQ(distance.at(kStem), 0) << name_of(kind);
    EXPECT_GT(distance.at(kDense), 0) << name_of(kind);
  }
}

TEST(FineTune, FrozenPartsNeedNoGradientAndKeepTheirStatistics) {
  const graph::Program program = tiny_classifier();
  nn::Parameters p = parameters_of(program);
  const FineTuning tuning = fine_tune({1, TakenStatistics::learned, {"stem"}}, program, p, {});
  EXPECT_TRUE(tuning.kept_statistics.contains("stem.bn.running_mean"));
  EXPECT_EQ(tuning.kept_statistics.size(), 1U);
  for (size_t i = 0; i < program.parameters.size(); ++i) {
    const graph::Parameter& parameter = program.parameters[i];
    if (!graph::is_trainable(parameter.role)) continue;
    EXPECT_EQ(p.views[i].requires_grad(), !parameter.name.starts_with("stem.")) << parameter.name;
  }
}

TEST(FineTune, WhatWasTakenMovesAtItsOwnRate) {
  for (const OptimizerKind kind : {OptimizerKind::sgd, OptimizerKind::adamw}) {
    const auto whole = moved({}, {kStem}, kind);
    FineTuneRecipe recipe;
    recipe.taken_rate = 0.25;
    const auto slower = moved(recipe, {kStem}, kind);
    EXPECT_NEAR(slower.at(kStem), whole.at(kStem) / 4, 1e-5) << name_of(kind);
    EXPECT_NEAR(slower.at(kDense), whole.at(kDense), 1e-6) << name_of(kind);
  }
}

TEST(FineTune, WhatWasTakenMayKeepItsStatistics) {
  const graph::Program program = tiny_classifier();
  nn::Parameters p = parameters_of(program);
  const FineTuneRecipe recipe{1, TakenStatistics::kept, {}};
  EXPECT_TRUE(asks_what_was_taken(recipe));
  const FineTuning tuning = fine_tune(recipe, program, p, {"stem.bn.running_mean", kStem});
  EXPECT_EQ(tuning.kept_statistics.size(), 1U);
  EXPECT_FALSE(tuning.rates.defined());
  EXPECT_FALSE(asks_what_was_taken({}));
}

TEST(FineTune, AnUnknownPartIsRefusedWithTheNearestOne) {
  const graph::Program program = tiny_classifier();
  nn::Parameters p = parameters_of(program);
  const auto refusal = [&](const std::string& part) -> std::string {
    try {
      fine_tune({1, TakenStatistics::learned, {part}}, program, p, {});
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_NE(refusal("stm").find("did you mean \"stem\"?"), std::string::npos) << refusal("stm");
  EXPECT_NE(refusal("ste").find("fine_tune.frozen"), std::string::npos) << "no part, though names begin so";
  EXPECT_NE(refusal("").find("has no part"), std::string::npos);
  EXPECT_EQ(refusal("stem.conv"), "");
}

TEST(FineTune, SomethingMustBeTrained) {
  const graph::Program program = tiny_classifier();
  nn::Parameters p = parameters_of(program);
  std::vector<std::string> all;
  for (const graph::Parameter& parameter : program.parameters) all.push_back(parameter.name);
  EXPECT_THROW(fine_tune({1, TakenStatistics::learned, all}, program, p, {}), Error);
}

}  // namespace
}  // namespace spinenet::train
