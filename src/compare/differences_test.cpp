#include "compare/differences.h"

#include <gtest/gtest.h>

namespace spinenet::compare {
namespace {

// AP of steps 10, 20 and so on, the last one counted; AP_agnostic is twice as much.
ComparedRun run_of(uint64_t seed, const std::vector<double>& aps) {
  ComparedRun run;
  run.seed = seed;
  for (const double ap : aps) {
    run.curve.push_back({10 * (std::ssize(run.curve) + 1), {{"AP", ap}, {"AP_agnostic", 2 * ap}}});
  }
  run.counted = run.curve.back();
  return run;
}

Contestant contestant(std::string name, std::vector<ComparedRun> runs) {
  return {std::move(name), "spinenet-49", 1000, 1000, std::move(runs), {}};
}

// Differences of 0.1, 0.2 and 0.3 in the end; seeds 4 and 5 have no pair.
Comparison example() {
  Comparison c;
  c.seeds = {1, 2, 3, 4, 5};
  c.contestants = {
      contestant("base", {run_of(1, {0.1, 0.1}), run_of(2, {0.2, 0.2}), run_of(3, {0.3, 0.1}), run_of(4, {0.9, 0.9})}),
      contestant("other",
                 {run_of(3, {0.3, 0.4}), run_of(1, {0.1, 0.2}), run_of(2, {0.2, 0.4}), run_of(5, {0.9, 0.9})})};
  return c;
}

TEST(CompareDifferences, TheIntervalIsThatOfStudent) {
  const std::vector<double> three{0.1, 0.2, 0.3};
  const MeanDifference of_three = *mean_difference(three);
  EXPECT_NEAR(of_three.mean, 0.2, 1e-12);
  ASSERT_TRUE(of_three.half_width.has_value());
  EXPECT_NEAR(*of_three.half_width, 4.302653 * 0.1 / 1.7320508, 1e-6);
  const std::vector<double> two{0.1, 0.3};
  EXPECT_NEAR(*mean_difference(two)->half_width, 12.706205 * 0.1, 1e-6);
  const std::vector<double> one{-0.1};
  EXPECT_EQ(mean_difference(one)->mean, -0.1);
  EXPECT_FALSE(mean_difference(one)->half_width.has_value());
  EXPECT_FALSE(mean_difference({}).has_value());
}

TEST(CompareDifferences, RunsArePairedBySeed) {
  const Comparison c = example();
  const PairedDifference found = paired_difference(c.contestants[1], c.contestants[0], "AP");
  EXPECT_EQ(found.seeds, (std::vector<uint64_t>{3, 1, 2}));
  EXPECT_NEAR(found.value->mean, 0.2, 1e-12);
  EXPECT_NEAR(*found.value->half_width, 0.248414, 1e-5);
  EXPECT_EQ(text_of(found), "+0.200 [-0.048, +0.448]");
  EXPECT_NEAR(paired_difference(c.contestants[0], c.contestants[1], "AP").value->mean, -0.2, 1e-12);
  EXPECT_NEAR(paired_difference(c.contestants[1], c.contestants[0], "AP_agnostic").value->mean, 0.4, 1e-12);
  const PairedDifference none = paired_difference(c.contestants[1], c.contestants[0], "APl");
  EXPECT_TRUE(none.seeds.empty());
  EXPECT_EQ(text_of(none), "–");
}

TEST(CompareDifferences, AnUndefinedNumberMakesNoPair) {
  Comparison c = example();
  c.contestants[0].runs[1].counted.numbers[0].second = -1;
  EXPECT_EQ(paired_difference(c.contestants[1], c.contestants[0], "AP").seeds, (std::vector<uint64_t>{3, 1}));
}

TEST(CompareDifferences, TheCurveHasTheStepsOfAllPairs) {
  Comparison c = example();
  const DifferenceCurve curve = difference_curve(c.contestants[1], c.contestants[0], "AP");
  EXPECT_EQ(curve.seeds, (std::vector<uint64_t>{3, 1, 2}));
  ASSERT_EQ(curve.points.size(), 2U);
  EXPECT_EQ(curve.points[0].step, 10);
  EXPECT_NEAR(curve.points[0].value.mean, 0, 1e-12);
  EXPECT_NEAR(*curve.points[0].value.half_width, 0, 1e-12);
  EXPECT_NEAR(curve.points[1].value.mean, 0.2, 1e-12);
  c.contestants[0].runs[1].curve.pop_back();  // that of seed 2 ended early
  EXPECT_EQ(difference_curve(c.contestants[1], c.contestants[0], "AP").points.size(), 1U);
  EXPECT_TRUE(difference_curve(c.contestants[1], contestant("none", {}), "AP").points.empty());
}

TEST(CompareDifferences, EveryRecipeButTheBaselineHasARow) {
  Comparison c = example();
  const auto rows = difference_rows(c);
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0], (std::vector<std::string>{"minus base", "seeds", "AP", "AP_agnostic"}));
  EXPECT_EQ(rows[1], (std::vector<std::string>{"other", "3", "+0.200 [-0.048, +0.448]", "+0.400 [-0.097, +0.897]"}));
  EXPECT_EQ(
      differences_note(c),
      "Of the best measurement of each run: the mean over the seeds that both have [95 % interval of Student's t].");
  c.baseline = 1;
  EXPECT_EQ(difference_rows(c)[0][0], "minus other");
  EXPECT_EQ(difference_rows(c)[1][2], "-0.200 [-0.448, +0.048]");
  c.baseline = 0;
  c.contestants[1].runs.resize(1);
  EXPECT_EQ(difference_rows(c)[1][2], "+0.300");
  EXPECT_NE(differences_note(c).find("One seed has no interval"), std::string::npos) << differences_note(c);
  EXPECT_EQ(differences_note(c).find("Student"), std::string::npos) << differences_note(c);
  c.contestants.resize(1);
  EXPECT_TRUE(difference_rows(c).empty());
}

const Json* entry_of(const Json& list, std::string_view number) {
  for (const Json& entry : list) {
    if (entry["number"] == number) return &entry;
  }
  return nullptr;
}

TEST(CompareDifferences, AreInTheJson) {
  Comparison c = example();
  Json json = to_json(c);
  EXPECT_EQ(json["baseline"], "base");
  EXPECT_EQ(json["confidence"], 0.95);
  EXPECT_EQ(json["differences"].size(), shown_numbers(c.task).size());
  const Json* ap = entry_of(json["differences"], "AP");
  ASSERT_NE(ap, nullptr);
  EXPECT_EQ((*ap)["recipe"], "other");
  EXPECT_EQ((*ap)["baseline"], "base");
  EXPECT_EQ((*ap)["seeds"], (Json{3, 1, 2}));
  EXPECT_NEAR((*ap)["mean"].get<double>(), 0.2, 1e-12);
  EXPECT_NEAR((*ap)["low"].get<double>(), 0.2 - 0.248414, 1e-5);
  EXPECT_NEAR((*ap)["high"].get<double>(), 0.2 + 0.248414, 1e-5);
  EXPECT_TRUE((*entry_of(json["differences"], "APl"))["mean"].is_null());
  const Json* curve = entry_of(json["difference_curves"], "AP_agnostic");
  ASSERT_NE(curve, nullptr);
  ASSERT_EQ((*curve)["points"].size(), 2U);
  EXPECT_EQ((*curve)["points"][1]["step"], 20);
  EXPECT_NEAR((*curve)["points"][1]["mean"].get<double>(), 0.4, 1e-12);
  c.contestants[0].runs.resize(1);
  json = to_json(c);
  EXPECT_NEAR((*entry_of(json["differences"], "AP"))["mean"].get<double>(), 0.1, 1e-12);
  EXPECT_TRUE((*entry_of(json["differences"], "AP"))["low"].is_null()) << "one pair has no interval";
}

TEST(CompareDifferences, TheBaselineIsALineOfZeros) {
  const std::vector<plot::Series> series = difference_series(example(), "AP");
  ASSERT_EQ(series.size(), 2U);
  EXPECT_EQ(series[0].name, "base");
  EXPECT_EQ(series[0].x, (std::vector<double>{10, 20}));
  EXPECT_EQ(series[0].y, (std::vector<double>{0, 0}));
  EXPECT_TRUE(series[0].spread.empty());
  EXPECT_EQ(series[1].x, (std::vector<double>{10, 20}));
  EXPECT_NEAR(series[1].spread[1], 0.248414, 1e-5);
  EXPECT_TRUE(difference_series(example(), "AR100").empty());
}

}  // namespace
}  // namespace spinenet::compare
