#include "compare/view.h"

#include <cmath>

#include <gtest/gtest.h>

namespace spinenet::compare {
namespace {

Comparison example() {
  Comparison c;
  c.image_size = 128;
  c.seeds = {1, 2};
  Contestant first{"first", "spinenet-49", 1000, 124'000'000, {}, {}};
  first.runs = {{1, 40, {{"AP", 0.4}, {"APs", 0.1}}, {{20, 0.1}, {40, 0.4}}},
                {2, 40, {{"AP", 0.2}, {"APs", 0.3}}, {{20, 0.3}, {30, 0.1}, {40, 0.2}}}};
  Contestant second{"second", "resnet-50-fpn", 1000, 125'000'000, {}, {{1, "why"}, {2, "why"}}};
  c.contestants = {first, second};
  return c;
}

TEST(CompareView, LearningIsTheMeanWhereAllWereMeasured) {
  const plot::Series curve = learning_curve(example().contestants[0]);
  EXPECT_EQ(curve.x, (std::vector<double>{20, 40}));
  ASSERT_EQ(curve.y.size(), 2U);
  EXPECT_NEAR(curve.y[0], 0.2, 1e-12);
  EXPECT_NEAR(curve.y[1], 0.3, 1e-12);
  EXPECT_NEAR(curve.spread[1], 0.1 * std::sqrt(2), 1e-12);
}

TEST(CompareView, AColourMeansTheSameInEveryChart) {
  const plot::ComparePage page = page_of(example());
  ASSERT_EQ(page.costs.size(), 2U);
  EXPECT_EQ(page.costs[0].x, (std::vector<double>{124}));
  EXPECT_EQ(page.costs[1].name, "second");
  EXPECT_TRUE(page.costs[1].x.empty()) << "no run, no point";
  ASSERT_EQ(page.curves.size(), 2U);
  EXPECT_TRUE(page.curves[1].x.empty());
}

TEST(CompareView, ShowsTheSizesThatAreMeasured) {
  Comparison comparison = example();
  const plot::ComparePage page = page_of(comparison);
  ASSERT_EQ(page.sizes.size(), 1U) << "APs alone is measured";
  EXPECT_NEAR(page.sizes[0].bars[0].value, 0.2, 1e-12);
  EXPECT_TRUE(std::isnan(page.sizes[0].bars[1].value));
  comparison.task = arch::Task::classify;
  EXPECT_TRUE(page_of(comparison).sizes.empty());
}

TEST(CompareView, SaysWhatTheNumbersAreOf) {
  Comparison comparison = example();
  EXPECT_EQ(page_of(comparison).subtitle, "detect at 128 px, seeds 1, 2; mean ± standard deviation over them");
  EXPECT_EQ(page_of(comparison).metric, "AP");
  comparison.task = arch::Task::segment;
  comparison.seeds = {4};
  EXPECT_EQ(page_of(comparison).subtitle, "segment at 128 px, seed 4");
  EXPECT_EQ(page_of(comparison).metric, "AP of masks");
}

TEST(CompareView, SaysWhatIsMissing) {
  EXPECT_EQ(page_of(example()).notes.size(), 2U);
  EXPECT_EQ(page_of(example()).table.rows.size(), 2U);
}

}  // namespace
}  // namespace spinenet::compare
