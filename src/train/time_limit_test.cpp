#include "train/time_limit.h"

#include <gtest/gtest.h>

namespace spinenet::train {
namespace {

TEST(TimeLimit, LetsAsManyStepsFitAsThePaceHas) {
  EXPECT_EQ(fitting_steps(10, {20, 57, 57}), 180);  // 570 s for steps, 2.85 s for each
  EXPECT_EQ(fitting_steps(10, {20, 57, 100}), 180) << "measurements are beside the limit";
  EXPECT_EQ(fitting_steps(1, {20, 57, 57}), 1) << "one more at least";
  EXPECT_EQ(fitting_steps(1, {20, 90, 90}), 1);
}

TEST(TimeLimit, TellsTheEndThatIsNearer) {
  const Pace pace{100, 142.5, 171};
  const std::optional<NearerEnd> end = end_by_time(10, pace, 1000);
  ASSERT_TRUE(end);
  EXPECT_DOUBLE_EQ(end->share, 0.25);
  EXPECT_EQ(end->of, "10 minutes");
  EXPECT_NEAR(end->seconds_left, 427.5 * 1.2, 1e-9) << "measurements go on to take their share";
  EXPECT_FALSE(end_by_time(10, pace, 299)) << "the steps are done sooner";
  EXPECT_FALSE(end_by_time(0, pace, 1000)) << "no limit";
  EXPECT_FALSE(end_by_time(10, {2, 100, 100}, 1000)) << "no pace yet";
  EXPECT_FALSE(end_by_time(10, {}, 1000));
}

// The same limit in every call, whatever the pace does: the share that is over never goes back.
TEST(TimeLimit, DoesNotMove) {
  double before = 0;
  Pace pace{0, 0, 0};
  for (int i = 0; i < 100; ++i) {
    ++pace.steps;
    pace.step_seconds += i % 3 == 0 ? 9 : 1;
    pace.seconds = pace.step_seconds;
    const std::optional<NearerEnd> end = end_by_time(10, pace, 100000);
    if (!end) continue;
    EXPECT_GT(end->share, before);
    EXPECT_NEAR(pace.seconds + end->seconds_left, 570, 1e-9);
    before = end->share;
  }
  EXPECT_GT(before, 0.6);
}

}  // namespace
}  // namespace spinenet::train
