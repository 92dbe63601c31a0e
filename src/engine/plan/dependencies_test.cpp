// What waits for what, in small orders written by hand and in random ones.
#include "engine/plan/dependencies.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace spinenet::engine {
namespace {

using Waits = std::vector<std::vector<int>>;

TEST(Dependencies, FollowWhatIsRead) {
  const std::vector<StepAccess> steps{
      {{{0, 10}}, {{10, 20}}}, {{{10, 20}}, {{20, 30}}}, {{{10, 20}}, {{30, 40}}}, {{{20, 30}, {30, 40}}, {{40, 50}}}};
  EXPECT_EQ(dependencies_of(steps), (Waits{{}, {0}, {0}, {2, 1}}));
}

TEST(Dependencies, KeepWhatIsStillReadFromBeingOverwritten) {
  const std::vector<StepAccess> steps{{{{0, 10}}, {{10, 20}}}, {{{0, 10}}, {{20, 30}}}, {{{20, 30}}, {{5, 8}}}};
  EXPECT_EQ(dependencies_of(steps), (Waits{{}, {}, {1, 0}}));
  const std::vector<StepAccess> twice{{{}, {{0, 10}}}, {{}, {{9, 12}}}, {{}, {{12, 13}}}};
  EXPECT_EQ(dependencies_of(twice), (Waits{{}, {0}, {}}));
}

// Each pair that meets is in order, by way of others or at once; none is named without need.
TEST(Dependencies, AreAllThatIsNeededAndNoMore) {
  Random random(5);
  for (int round = 0; round < 20; ++round) {
    std::vector<StepAccess> steps(15);
    const auto stretch = [&] {
      const auto first = static_cast<int64_t>(random.below(60));
      return Stretch{first, first + 1 + static_cast<int64_t>(random.below(8))};
    };
    for (StepAccess& step : steps) step = {{stretch(), stretch()}, {stretch()}};
    const Waits waits = dependencies_of(steps);
    std::vector<std::vector<bool>> before(steps.size(), std::vector<bool>(steps.size(), false));
    for (size_t s = 0; s < steps.size(); ++s) {
      for (const int named : waits[s]) {
        const auto t = static_cast<size_t>(named);
        ASSERT_LT(t, s);
        EXPECT_FALSE(before[s][t]) << "named without need";
        before[s][t] = true;
        for (size_t u = 0; u < t; ++u) before[s][u] = before[s][u] || before[t][u];
      }
      const auto meet = [](const Stretch& a, const Stretch& b) { return a.first < b.end && b.first < a.end; };
      for (size_t t = 0; t < s; ++t) {
        bool conflict = meet(steps[s].writes[0], steps[t].writes[0]);
        for (const Stretch& read : steps[s].reads) conflict = conflict || meet(read, steps[t].writes[0]);
        for (const Stretch& read : steps[t].reads) conflict = conflict || meet(read, steps[s].writes[0]);
        EXPECT_TRUE(before[s][t] || !conflict) << s << " runs beside " << t;
      }
    }
  }
}

}  // namespace
}  // namespace spinenet::engine
