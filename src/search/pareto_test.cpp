#include "search/pareto.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/random.h"

namespace spinenet::search {
namespace {

Trial measured(double score, std::map<std::string, double> metrics) {
  Trial trial;
  trial.state = TrialState::complete;
  trial.measurement = {score, std::move(metrics)};
  return trial;
}

TEST(ParetoFront, IsWhatNoOtherIsBetterThan) {
  const std::vector<Trial> trials{measured(0.3, {{"cost", 10}}), measured(0.5, {{"cost", 20}}),
                                  measured(0.4, {{"cost", 20}}), measured(0.5, {{"cost", 30}}),
                                  measured(0.2, {{"cost", 5}}),  measured(0.1, {{"cost", 10}})};
  const std::vector<std::string> cost{"cost"};
  EXPECT_EQ(pareto_front(trials, cost), (std::vector<size_t>{1, 0, 4}));
  EXPECT_EQ(pareto_front(trials, {}), (std::vector<size_t>{1}));
}

TEST(ParetoFront, LeavesOutWhatHasNoMeasurement) {
  std::vector<Trial> trials{measured(0.9, {{"cost", 1}}), measured(0.8, {{"cost", 1}}), measured(0.95, {}),
                            measured(0.99, {{"cost", std::numeric_limits<double>::quiet_NaN()}})};
  trials[0].state = TrialState::failed;
  const std::vector<std::string> cost{"cost"};
  EXPECT_EQ(pareto_front(trials, cost), (std::vector<size_t>{1}));
  EXPECT_TRUE(pareto_front({}, cost).empty());
}

// Against the definition, on a coarse grid so that there are many ties: position i is on the front exactly when no
// other trial dominates it and no equal one comes before.
TEST(ParetoFront, AgreesWithTheDefinition) {
  Random random(11);
  const std::vector<std::string> metrics{"a", "b"};
  for (int round = 0; round < 200; ++round) {
    std::vector<Trial> trials;
    const auto coarse = [&] { return static_cast<double>(random.below(4)); };
    for (int i = 0; i < 30; ++i) trials.push_back(measured(coarse(), {{"a", coarse()}, {"b", coarse()}}));
    std::vector<size_t> expected;
    for (size_t i = 0; i < trials.size(); ++i) {
      bool on_front = true;
      for (size_t j = 0; j < trials.size(); ++j) {
        const Measurement &x = trials[i].measurement, &y = trials[j].measurement;
        const bool no_worse =
            y.score >= x.score && y.metrics.at("a") <= x.metrics.at("a") && y.metrics.at("b") <= x.metrics.at("b");
        if (no_worse && (!(x == y) || j < i)) on_front = false;
      }
      if (on_front) expected.push_back(i);
    }
    std::vector<size_t> front = pareto_front(trials, metrics);
    EXPECT_TRUE(std::ranges::is_sorted(front, std::greater<>(), [&](size_t i) { return trials[i].measurement.score; }));
    std::ranges::sort(front);
    EXPECT_EQ(front, expected);
  }
}

TEST(PricedScore, TakesFivePercentForTwiceTheCost) {
  const Measurement measurement{0.4, {{"multiply_adds", 2e9}}};
  const std::vector<CostTarget> target{{.metric = "multiply_adds", .target = 1e9}};
  EXPECT_NEAR(priced_score(measurement, target), 0.4 * 0.9526, 1e-4);
  EXPECT_EQ(priced_score(measurement, {}), 0.4);
}

TEST(PricedScore, RewardsSavingsOnlyWhenSoft) {
  const Measurement cheap{0.4, {{"latency_ms", 5}}}, dear{0.4, {{"latency_ms", 20}}};
  CostTarget target{.metric = "latency_ms", .target = 10, .exponent = -1};
  EXPECT_DOUBLE_EQ(priced_score(cheap, std::span(&target, 1)), 0.8);
  EXPECT_DOUBLE_EQ(priced_score(dear, std::span(&target, 1)), 0.2);
  target.soft = false;
  EXPECT_DOUBLE_EQ(priced_score(cheap, std::span(&target, 1)), 0.4);
  EXPECT_DOUBLE_EQ(priced_score(dear, std::span(&target, 1)), 0.2);
}

TEST(PricedScore, MultipliesSeveralPrices) {
  const Measurement measurement{0.5, {{"a", 4}, {"b", 2}}};
  const std::vector<CostTarget> targets{{.metric = "a", .target = 1, .exponent = -0.5},
                                        {.metric = "b", .target = 1, .exponent = -2}};
  EXPECT_DOUBLE_EQ(priced_score(measurement, targets), 0.5 / 2 / 4);
}

TEST(PricedScore, NeverTurnsTheOrderOfBadScoresRound) {
  const std::vector<CostTarget> target{{.metric = "a", .target = 1, .exponent = -1}};
  EXPECT_EQ(priced_score({-0.5, {{"a", 9}}}, target), -0.5);
  EXPECT_EQ(priced_score({0, {{"a", 9}}}, target), 0);
}

TEST(PricedScore, NamesTheMetricThatItLacks) {
  const std::vector<CostTarget> target{{.metric = "latency_ms", .target = 1}};
  for (const Measurement& m : {Measurement{0.5, {{"a", 1}}}, Measurement{0.5, {{"latency_ms", 0}}}}) {
    try {
      priced_score(m, target);
      ADD_FAILURE();
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::bad_data);
      EXPECT_NE(std::string(error.what()).find("latency_ms"), std::string::npos);
    }
  }
}

}  // namespace
}  // namespace spinenet::search
