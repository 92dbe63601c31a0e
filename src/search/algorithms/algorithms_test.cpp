#include "search/algorithms/algorithms.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace spinenet::search {
namespace {

TEST(AlgorithmOptions, AreReadAndWrittenAsFields) {
  AlgorithmOptions options;
  read_yaml("kind: evolution\nevolution:\n  population: 7\ncontroller:\n  objective: reinforce\n", "test", options);
  EXPECT_EQ(options.kind, AlgorithmKind::evolution);
  EXPECT_EQ(options.evolution.population, 7);
  EXPECT_EQ(options.controller.objective, PolicyObjective::reinforce);
  AlgorithmOptions again;
  read_yaml(to_yaml(options), "test", again);
  EXPECT_EQ(again, options);
  apply_setting(again, "controller.batch=3");
  EXPECT_EQ(again.controller.batch, 3);
  for (const char* setting : {"kind=tabu", "evolution.population=0", "controller.temperature=0", "controller.size=4"}) {
    EXPECT_THROW(apply_setting(again, setting), Error) << setting;
  }
}

// A study is not held to options that its algorithm has not.
TEST(AlgorithmOptions, AreTextWithoutThoseOfOthers) {
  AlgorithmOptions options{.kind = AlgorithmKind::evolution, .evolution = {.population = 12, .tournament = 3}};
  EXPECT_EQ(options_text(options), "evolution population=12 tournament=3");
  options.controller.batch = 99;
  EXPECT_EQ(options_text(options), "evolution population=12 tournament=3");
  options.kind = AlgorithmKind::random;
  EXPECT_EQ(options_text(options), "random");
  options.kind = AlgorithmKind::controller;
  EXPECT_NE(options_text(options).find(" batch=99"), std::string::npos);
}

TEST(MakeAlgorithm, MakesEachKind) {
  const arch::SearchSpace space = arch::named_search_space("fish");
  for (const AlgorithmKind kind : values_of<AlgorithmKind>()) {
    const auto algorithm = make_algorithm(space, {.kind = kind});
    Random random(1);
    EXPECT_EQ(algorithm->suggest(random).choices.size(), arch::decision_count(space));
    const std::string name(name_of(kind));
    EXPECT_NE(algorithm->state().find("\"" + name + "\""), std::string::npos);
  }
}

TEST(MakeAlgorithm, RefusesASpaceThatHasNothing) {
  arch::SearchSpace space;
  space.kinds.clear();
  EXPECT_THROW(make_algorithm(space, {.kind = AlgorithmKind::random}), Error);
}

}  // namespace
}  // namespace spinenet::search
