#include "compare/view.h"

#include <cmath>

#include <gtest/gtest.h>

namespace spinenet::compare {
namespace {

Comparison shown_example() {
  Comparison c;
  c.image_size = 128;
  c.seeds = {1, 2};
  Contestant first{"first", "spinenet-49", 1000, 124'000'000, {}, {}};
  first.runs = {
      {1, 40, {40, {{"AP", 0.4}, {"APs", 0.1}}}, {{20, {{"AP", 0.1}}}, {40, {{"AP", 0.4}}}}},
      {2, 40, {40, {{"AP", 0.2}, {"APs", 0.3}}}, {{20, {{"AP", 0.3}}}, {30, {{"AP", 0.1}}}, {40, {{"AP", 0.2}}}}}};
  Contestant second{"second", "resnet-50-fpn", 1000, 125'000'000, {}, {{1, "why"}, {2, "why"}}};
  c.contestants = {first, second};
  return c;
}

TEST(CompareView, LearningIsTheMeanWhereAllWereMeasured) {
  const plot::Series curve = learning_curve(shown_example().contestants[0], "AP");
  EXPECT_EQ(curve.x, (std::vector<double>{20, 40}));
  ASSERT_EQ(curve.y.size(), 2U);
  EXPECT_NEAR(curve.y[0], 0.2, 1e-12);
  EXPECT_NEAR(curve.y[1], 0.3, 1e-12);
  EXPECT_NEAR(curve.spread[1], 0.1 * std::sqrt(2), 1e-12);
}

TEST(CompareView, AColourMeansTheSameInEveryChart) {
  const plot::ComparePage page = page_of(shown_example());
  ASSERT_EQ(page.costs.size(), 2U);
  EXPECT_EQ(page.costs[0].x, (std::vector<double>{124}));
  EXPECT_EQ(page.costs[1].name, "second");
  EXPECT_TRUE(page.costs[1].x.empty()) << "no run, no point";
  ASSERT_EQ(page.curves.size(), 2U);
  EXPECT_TRUE(page.curves[1].x.empty());
}

TEST(CompareView, ShowsTheSizesThatAreMeasured) {
  Comparison comparison = shown_example();
  const plot::ComparePage page = page_of(comparison);
  ASSERT_EQ(page.sizes.size(), 1U) << "APs alone is measured";
  EXPECT_NEAR(page.sizes[0].bars[0].value, 0.2, 1e-12);
  EXPECT_TRUE(std::isnan(page.sizes[0].bars[1].value));
  comparison.task = arch::Task::classify;
  EXPECT_TRUE(page_of(comparison).sizes.empty());
}

TEST(CompareView, SaysWhatTheNumbersAreOf) {
  Comparison comparison = shown_example();
  EXPECT_EQ(page_of(comparison).subtitle,
            "detect at 128 px, the best measurement of each run, seeds 1, 2; mean ± standard deviation over them");
  EXPECT_EQ(page_of(comparison).metric, "AP");
  comparison.task = arch::Task::segment;
  comparison.seeds = {4};
  comparison.at = {MeasuredAt::Kind::step, 500};
  EXPECT_EQ(page_of(comparison).subtitle, "segment at 128 px, step 500 of each run, seed 4");
  EXPECT_EQ(page_of(comparison).metric, "AP of masks");
}

TEST(CompareView, ShowsDifferencesFromTheBaseline) {
  Comparison comparison = shown_example();
  EXPECT_TRUE(page_of(comparison).difference_curves.empty()) << "the second recipe has no run";
  comparison.contestants[1] = comparison.contestants[0];
  comparison.contestants[1].name = "second";
  for (ComparedRun& run : comparison.contestants[1].runs) {
    for (MeasuredNumbers& one : run.curve) one.numbers[0].second += 0.05;
  }
  const plot::ComparePage page = page_of(comparison);
  EXPECT_EQ(page.differences.head.front(), "minus first");
  ASSERT_EQ(page.differences.rows.size(), 1U);
  ASSERT_EQ(page.difference_curves.size(), 1U) << "AP_agnostic was not measured";
  EXPECT_EQ(page.difference_curves[0].number, "AP");
  ASSERT_EQ(page.difference_curves[0].curves.size(), 2U);
  EXPECT_EQ(page.difference_curves[0].curves[0].y, (std::vector<double>{0, 0})) << "the baseline's own line";
  EXPECT_EQ(page.difference_curves[0].curves[1].x, (std::vector<double>{20, 40}));
  EXPECT_NEAR(page.difference_curves[0].curves[1].y[1], 0.05, 1e-12);
  EXPECT_NE(page.differences_note.find("95 % interval"), std::string::npos) << page.differences_note;
}

TEST(CompareView, SaysWhatIsMissing) {
  EXPECT_EQ(page_of(shown_example()).notes.size(), 2U);
  EXPECT_EQ(page_of(shown_example()).table.rows.size(), 2U);
  EXPECT_EQ(page_of(shown_example()).networks.rows[1][4], "0") << "seeds that ended";
}

}  // namespace
}  // namespace spinenet::compare
