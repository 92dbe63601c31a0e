// The controller as a whole: on every synthetic objective better than random search at equal budget.
// comparison_test.cpp does the same for evolution; bench/search_algorithms_bench has larger budgets.
#include <gtest/gtest.h>

#include "search/comparison.h"

namespace spinenet::search {
namespace {

constexpr uint64_t kSeeds = 20;
constexpr int64_t kTrials = 400;

std::vector<double> best_scores(AlgorithmKind kind, SyntheticKind objective) {
  std::vector<double> scores;
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    scores.push_back(run_search(arch::named_search_space("spinenet-49"), {.kind = kind},
                                spinenet_49_objective(objective), {.trials = kTrials, .seed = seed})
                         .back());
  }
  return scores;
}

class ControllerSearch : public testing::TestWithParam<SyntheticKind> {};

TEST_P(ControllerSearch, BeatsRandomSearch) {
  EXPECT_LT(mann_whitney_p(best_scores(AlgorithmKind::controller, GetParam()),
                           best_scores(AlgorithmKind::random, GetParam())),
            0.01);
}

INSTANTIATE_TEST_SUITE_P(Objectives, ControllerSearch,
                         testing::Values(SyntheticKind::additive, SyntheticKind::epistatic, SyntheticKind::deceptive),
                         [](const auto& test) { return std::string(name_of(test.param)); });

}  // namespace
}  // namespace spinenet::search
