#include "eval/pr_curve.h"

#include <numeric>

#include <gtest/gtest.h>

namespace spinenet::eval {
namespace {

struct Example {
  detect::Annotations annotations;
  std::vector<detect::Result> results;
};

// Class 1: the first of two is found, with a false alarm after it; class 2 has nothing to find.
Example example() {
  Example made;
  made.annotations.images = {{1, "", 100, 100}};
  made.annotations.categories = {{1, "one", ""}, {2, "two", ""}};
  for (int64_t i = 0; i < 2; ++i) {
    detect::Annotation annotation;
    annotation.id = i + 1;
    annotation.image_id = 1;
    annotation.category_id = 1;
    annotation.bbox = {50.0 * static_cast<double>(i), 0, 10, 10};
    annotation.area = 100;
    made.annotations.annotations.push_back(annotation);
  }
  detect::Result result;
  result.image_id = 1;
  result.category_id = 1;
  result.bbox = {0, 0, 10, 7};  // IoU 0.7
  result.score = 0.75;
  made.results.push_back(result);
  result.bbox = {30, 30, 10, 10};
  result.score = 0.25;
  made.results.push_back(result);
  return made;
}

TEST(PrCurve, FollowsTheFoundOnes) {
  const Example made = example();
  const CocoEvaluation evaluation = evaluate_coco(made.annotations, made.results);
  const std::vector<PrCurve> curves = pr_curves(evaluation);
  ASSERT_EQ(curves.size(), 3U);
  const PrCurve& one = curves[1];
  EXPECT_EQ(one.name, "one");
  EXPECT_NEAR(one.precision_at_50[50], 1.0, 1e-12);
  EXPECT_EQ(one.precision_at_50[51], 0.0);
  EXPECT_EQ(one.score_at_50[50], 0.75);
  EXPECT_EQ(one.precision_at_75[10], 0.0);
  EXPECT_NEAR(one.precision_mean[10], 0.5, 1e-12);  // at 0.5 to 0.7
  EXPECT_TRUE(curves[2].precision_mean.empty());
  EXPECT_EQ(curves[0].precision_at_50, one.precision_at_50);
}

TEST(PrCurve, TheAreaUnderTheMeanCurveIsAp) {
  const Example made = example();
  const CocoEvaluation evaluation = evaluate_coco(made.annotations, made.results);
  const std::vector<double> mean = pr_curves(evaluation)[0].precision_mean;
  const double under = std::accumulate(mean.begin(), mean.end(), 0.0) / static_cast<double>(mean.size());
  EXPECT_NEAR(under, evaluation.metrics.ap, 1e-12);
}

TEST(PrCurve, TheBestThresholdIsWhereTheLastOneIsFound) {
  const Example made = example();
  const BestF1 best = best_f1(pr_curves(evaluate_coco(made.annotations, made.results))[1]);
  EXPECT_EQ(best.score, 0.75);
  EXPECT_EQ(best.recall, 0.5);
  EXPECT_NEAR(best.f1, 2.0 / 3.0, 1e-12);
}

TEST(PrCurve, NothingToFindGivesEmptyCurves) {
  const std::vector<PrCurve> curves = pr_curves(evaluate_coco({}, {}));
  ASSERT_EQ(curves.size(), 1U);
  EXPECT_TRUE(curves[0].precision_mean.empty());
  EXPECT_EQ(best_f1(curves[0]).f1, 0.0);
}

}  // namespace
}  // namespace spinenet::eval
