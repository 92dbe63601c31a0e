#include "search/comparison.h"

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

namespace spinenet::search {
namespace {

// P(U >= u) exactly, without ties: how many of the ways to interleave n and m values give each U, by which sample the
// largest value is of (Mann & Whitney, 1947, equation 1).
double exact_p(size_t n, size_t m, size_t u) {
  std::vector<std::vector<std::vector<double>>> ways(n + 1, std::vector<std::vector<double>>(m + 1));
  for (size_t a = 0; a <= n; ++a) {
    for (size_t b = 0; b <= m; ++b) {
      std::vector<double>& count = ways[a][b];
      count.assign(a * b + 1, 0.0);
      if (a == 0 || b == 0) {
        count[0] = 1;
        continue;
      }
      for (size_t i = 0; i < ways[a - 1][b].size(); ++i) count[i + b] += ways[a - 1][b][i];
      for (size_t i = 0; i < ways[a][b - 1].size(); ++i) count[i] += ways[a][b - 1][i];
    }
  }
  double all = 0, tail = 0;
  for (size_t i = 0; i <= n * m; ++i) {
    all += ways[n][m][i];
    if (i >= u) tail += ways[n][m][i];
  }
  return tail / all;
}

TEST(MannWhitney, IsNearTheExactDistribution) {
  Random random(5);
  for (int round = 0; round < 100; ++round) {
    const double shift = random.uniform(-1, 2);
    std::vector<double> better, worse;
    for (int i = 0; i < 20; ++i) better.push_back(random.normal() + shift), worse.push_back(random.normal());
    size_t u = 0;
    for (const double a : better)
      u += static_cast<size_t>(std::ranges::count_if(worse, [a](double b) { return a > b; }));
    const double exact = exact_p(20, 20, u);
    EXPECT_NEAR(mann_whitney_p(better, worse), exact, 0.002 + 0.02 * exact) << u;
  }
}

// The approximation errs to the safe side where it decides: at and below 0.01 it is no smaller than the exact value.
TEST(MannWhitney, ClaimsNoMoreThanTheExactDistributionDoes) {
  std::vector<double> better, worse;
  for (int i = 0; i < 20; ++i) worse.push_back(i);
  for (size_t u = 280; u <= 400; ++u) {  // u pairs are won
    better.assign(u / 20, 100.0);
    if (better.size() < 20) better.push_back(static_cast<double>(u % 20) - 0.5);
    while (better.size() < 20) better.push_back(-1.0);
    for (size_t i = 0; i < better.size(); ++i) better[i] += 1e-3 * static_cast<double>(i);
    const double exact = exact_p(20, 20, u), p = mann_whitney_p(better, worse);
    EXPECT_TRUE(exact >= 0.01 || p >= 0.9 * exact) << u;
    EXPECT_NEAR(p, exact, 0.002) << u;
  }
}

// By hand: U = 14 of 16 pairs, two ties of two values: variance 16 / 12 * (9 - 12 / 56).
TEST(MannWhitney, CorrectsForTies) {
  const std::vector<double> better{2, 3, 4, 5}, worse{1, 2, 3, 0};
  EXPECT_NEAR(mann_whitney_p(better, worse),
              std::erfc((14 - 8 - 0.5) / std::sqrt(16.0 / 12 * (9 - 12.0 / 56)) / std::sqrt(2.0)) / 2, 1e-12);
}

TEST(MannWhitney, FindsNoDifferenceInEqualSamples) {
  const std::vector<double> same(20, 0.5);
  EXPECT_EQ(mann_whitney_p(same, same), 1);
  const std::vector<double> values{1, 2, 3, 4, 5};
  EXPECT_GT(mann_whitney_p(values, values), 0.5);
}

TEST(SearchRun, IsTheSameForASeedAndNeverGetsWorse) {
  const arch::SearchSpace space = arch::named_search_space("spinenet-49");
  const SyntheticObjective objective = spinenet_49_objective(SyntheticKind::additive);
  const AlgorithmOptions options{.kind = AlgorithmKind::evolution};
  const std::vector<double> one = run_search(space, options, objective, {.trials = 300, .seed = 1});
  EXPECT_EQ(one, run_search(space, options, objective, {.trials = 300, .seed = 1}));
  EXPECT_NE(one, run_search(space, options, objective, {.trials = 300, .seed = 2}));
  EXPECT_EQ(one.size(), 300u);
  EXPECT_TRUE(std::ranges::is_sorted(one));
}

// With a lag as long as the run nothing is ever learnt.
TEST(SearchRun, TellsTheAlgorithmOnlyAfterTheLag) {
  const arch::SearchSpace space = arch::named_search_space("spinenet-49");
  const SyntheticObjective objective = spinenet_49_objective(SyntheticKind::additive);
  AlgorithmOptions options{.kind = AlgorithmKind::evolution};
  options.evolution.population = 10;
  const auto best = [&](AlgorithmKind kind, int64_t lag) {
    options.kind = kind;
    return run_search(space, options, objective, {.trials = 300, .lag = lag, .seed = 1});
  };
  EXPECT_EQ(best(AlgorithmKind::evolution, 300), best(AlgorithmKind::random, 1));
  EXPECT_NE(best(AlgorithmKind::evolution, 200), best(AlgorithmKind::random, 1));
}

constexpr int kComparedSeeds = 20;
constexpr int64_t kComparedTrials = 1000;

std::vector<double> compared_scores(AlgorithmKind kind, SyntheticKind objective) {
  std::vector<double> scores;
  for (uint64_t seed = 1; seed <= kComparedSeeds; ++seed) {
    scores.push_back(run_search(arch::named_search_space("spinenet-49"), {.kind = kind},
                                spinenet_49_objective(objective), {.trials = kComparedTrials, .seed = seed})
                         .back());
  }
  return scores;
}

// The search as a whole: 20 seeds of 1000 trials, 16 in flight. controller_search_test.cpp does the same.
TEST(EvolutionSearch, BeatsRandomSearchOnEveryObjective) {
  for (const SyntheticKind kind : {SyntheticKind::additive, SyntheticKind::epistatic, SyntheticKind::deceptive}) {
    const std::vector<double> random = compared_scores(AlgorithmKind::random, kind);
    EXPECT_LT(mann_whitney_p(compared_scores(AlgorithmKind::evolution, kind), random), 0.001) << name_of(kind);
  }
}

// No objective is solved by luck.
TEST(SearchRun, StaysFarFromEveryOptimumAtRandom) {
  for (const SyntheticKind kind : {SyntheticKind::additive, SyntheticKind::epistatic, SyntheticKind::deceptive}) {
    const SyntheticObjective objective = spinenet_49_objective(kind);
    const std::vector<double> best = run_search(arch::named_search_space("spinenet-49"),
                                                {.kind = AlgorithmKind::random}, objective, {.trials = 20000});
    EXPECT_LT(best.back(), 0.9) << name_of(kind);
  }
}

}  // namespace
}  // namespace spinenet::search
