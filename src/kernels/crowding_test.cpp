#include "kernels/crowding.h"

#include <vector>

#include <gtest/gtest.h>

namespace spinenet::kernels {
namespace {

using std::chrono::milliseconds;

// A process whose threads are turned off their processors so often in each millisecond while it has more than `free`.
struct System {
  int free = 1;
  double each_ms = 0.5;
  Crowding::Time now{};
  double preemptions = 0;

  int step(Crowding& crowding) {
    now += milliseconds(1);
    const int threads = crowding.threads(now, [this] { return static_cast<int64_t>(preemptions); });
    if (threads > free) preemptions += each_ms;
    return threads;
  }
};

TEST(Crowding, HasAllThreadsWhereNobodyElseComputes) {
  System system{.free = 4};
  Crowding crowding(4);
  for (int i = 0; i < 2000; ++i) EXPECT_EQ(system.step(crowding), 4);
}

TEST(Crowding, ASwitchNowAndThenIsNoCrowd) {
  System system{.free = 0, .each_ms = 0.05};
  Crowding crowding(2);
  for (int i = 0; i < 2000; ++i) EXPECT_EQ(system.step(crowding), 2);
}

// Beside a busy process nearly all of the time belongs to the number of threads that meets no other.
TEST(Crowding, KeepsToTheThreadsThatHaveAProcessor) {
  for (const int free : {1, 2, 4}) {
    System system{.free = free};
    Crowding crowding(8);
    int fitting = 0;
    for (int i = 0; i < 10000; ++i) fitting += system.step(crowding) <= free ? 1 : 0;
    EXPECT_GT(fitting, 9500) << free;
    int most = 0;
    for (int i = 0; i < 2000; ++i) most = std::max(most, system.step(crowding));
    EXPECT_GE(most, free) << "and tries more of them";
  }
}

TEST(Crowding, HasAllThreadsAgainSoonAfterTheOtherHasEnded) {
  System system{.free = 1};
  Crowding crowding(4);
  for (int i = 0; i < 5000; ++i) system.step(crowding);
  system.free = 4;
  for (int i = 0; i < 1400; ++i) system.step(crowding);
  EXPECT_EQ(system.step(crowding), 4);
}

TEST(Crowding, OneThreadStaysOne) {
  System system{.free = 0};
  Crowding crowding(1);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(system.step(crowding), 1);
}

TEST(Crowding, PreemptionsOfThisProcessAreCounted) {
  EXPECT_GE(count_preemptions(), 0);
}

}  // namespace
}  // namespace spinenet::kernels
