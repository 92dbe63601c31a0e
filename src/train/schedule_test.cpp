#include "train/schedule.h"

#include <gtest/gtest.h>

namespace spinenet::train {
namespace {

TEST(LearningRate, WarmsUpLinearlyToThePeak) {
  OptimizerRecipe o;
  o.learning_rate = 0.28;
  ScheduleRecipe s;
  s.warmup_steps = 100;
  s.warmup_factor = 0.1;
  EXPECT_NEAR(learning_rate(o, s, 0, 1000), 0.028, 1e-12);
  EXPECT_NEAR(learning_rate(o, s, 50, 1000), 0.28 * 0.55, 1e-12);
  EXPECT_NEAR(learning_rate(o, s, 100, 1000), 0.28, 1e-12);
}

TEST(LearningRate, FallsAtTheMilestonesOfProtocolB) {
  OptimizerRecipe o;
  o.learning_rate = 0.28;
  ScheduleRecipe s;
  s.kind = ScheduleKind::step;
  s.warmup_steps = 0;
  s.milestones = {320.0 / 350, 340.0 / 350};
  EXPECT_NEAR(learning_rate(o, s, 319, 350), 0.28, 1e-12);
  EXPECT_NEAR(learning_rate(o, s, 320, 350), 0.028, 1e-12);
  EXPECT_NEAR(learning_rate(o, s, 340, 350), 0.0028, 1e-12);
}

TEST(LearningRate, CosineFallsAllTheWayAndEndsAtTheFinalFactor) {
  OptimizerRecipe o;
  o.learning_rate = 1;
  ScheduleRecipe s;
  s.warmup_steps = 10;
  s.final_factor = 0.01;
  double last = 2;
  for (int64_t step = 10; step < 200; ++step) {
    const double rate = learning_rate(o, s, step, 200);
    EXPECT_LT(rate, last) << step;
    last = rate;
  }
  EXPECT_NEAR(learning_rate(o, s, 200, 200), 0.01, 1e-12);
}

TEST(LearningRate, StaysAtThePeakAndFallsInALineOverTheLastSteps) {
  OptimizerRecipe o;
  o.learning_rate = 2;
  ScheduleRecipe s;
  s.kind = ScheduleKind::constant;
  s.warmup_steps = 10;
  for (const int64_t step : {10, 100, 199}) EXPECT_EQ(learning_rate(o, s, step, 200), 2) << step;
  s.decay_steps = 40;
  s.final_factor = 0.5;
  EXPECT_EQ(learning_rate(o, s, 159, 200), 2);
  EXPECT_EQ(learning_rate(o, s, 160, 200), 2);
  EXPECT_NEAR(learning_rate(o, s, 180, 200), 1.5, 1e-12);
  EXPECT_NEAR(learning_rate(o, s, 200, 200), 1, 1e-12);
  s.decay_steps = 1000;  // longer than the run: it falls from the warm-up on
  EXPECT_EQ(learning_rate(o, s, 10, 200), 2);
  EXPECT_NEAR(learning_rate(o, s, 105, 200), 1.5, 1e-12);
}

// What makes a short decay comparable at any length: until it begins, all runs are one.
TEST(LearningRate, OfAConstantRunDoesNotDependOnItsLength) {
  const OptimizerRecipe o;
  ScheduleRecipe s;
  s.kind = ScheduleKind::constant;
  s.warmup_steps = 20;
  for (int64_t step = 0; step < 100; ++step) {
    EXPECT_EQ(learning_rate(o, s, step, 100), learning_rate(o, s, step, 800)) << step;
  }
}

TEST(LearningRate, OfARunShorterThanItsWarmUpReachesThePeakHalfWay) {
  OptimizerRecipe o;
  o.learning_rate = 1;
  ScheduleRecipe s;
  s.warmup_steps = 500;
  EXPECT_NEAR(learning_rate(o, s, 10, 20), 1, 1e-12);
}

TEST(BatchRenorm, RisesByThePublishedSharesOfItsSteps) {
  BatchNormRecipe b;
  b.renorm_below = 64;
  b.renorm_steps = 800;
  EXPECT_EQ(batch_renorm(b, 0, 10).below, 64);
  for (const int64_t step : {0, 50, 100}) {
    EXPECT_EQ(batch_renorm(b, step, 10).max_scale, 1) << step;
    EXPECT_EQ(batch_renorm(b, step, 10).max_shift, 0) << step;
  }
  EXPECT_NEAR(batch_renorm(b, 450, 10).max_scale, 2, 1e-12);
  EXPECT_NEAR(batch_renorm(b, 300, 10).max_shift, 2.5, 1e-12);
  EXPECT_NEAR(batch_renorm(b, 500, 10).max_shift, 5, 1e-12);
  for (const int64_t step : {800, 900, 100000}) {
    EXPECT_NEAR(batch_renorm(b, step, 10).max_scale, 3, 1e-12) << step;
    EXPECT_NEAR(batch_renorm(b, step, 10).max_shift, 5, 1e-12) << step;
  }
}

TEST(BatchRenorm, TakesThreeTenthsOfTheRunWhereNoStepsAreNamed) {
  BatchNormRecipe b;
  b.renorm_below = 64;
  EXPECT_LT(batch_renorm(b, 299, 1000).max_scale, 3);
  EXPECT_NEAR(batch_renorm(b, 300, 1000).max_scale, 3, 1e-12);
  EXPECT_NEAR(batch_renorm(b, 0, 0).max_scale, 3, 1e-12);
}

TEST(BatchRenorm, IsNoneUnlessAskedFor) {
  EXPECT_EQ(batch_renorm({}, 500, 1000).below, 0);
}

}  // namespace
}  // namespace spinenet::train
