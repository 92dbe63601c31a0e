#include "kernels/crowding.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <fstream>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <unistd.h>

namespace spinenet::kernels {
namespace {

using std::chrono::milliseconds;

// A process one of whose threads waits for such a share of the time while it has more than `free`.
struct System {
  int free = 1;
  double share = 0.5;
  Crowding::Time now{};
  int used = 0, asked = 0;  // each number of threads has threads of its own, and what was not asked before is not known

  int step(Crowding& crowding) {
    now += milliseconds(1);
    used = crowding.threads(now, [this](Crowding::Time) {
      const bool is_known = std::exchange(asked, used) == used;
      return is_known ? std::optional(used > free ? share : 0.0) : std::nullopt;
    });
    return used;
  }
};

TEST(Crowding, HasAllThreadsWhereNobodyElseComputes) {
  System system{.free = 4};
  Crowding crowding(4);
  for (int i = 0; i < 2000; ++i) EXPECT_EQ(system.step(crowding), 4);
}

TEST(Crowding, WaitingNowAndThenIsNoCrowd) {
  System system{.free = 0, .share = 0.2};
  Crowding crowding(2);
  for (int i = 0; i < 2000; ++i) EXPECT_EQ(system.step(crowding), 2);
}

// The next images are read at once, in one look of several.
TEST(Crowding, ABurstIsNoCrowd) {
  Crowding crowding(2);
  int asked = 0;
  Crowding::Time now{};
  for (int i = 0; i < 2000; ++i, now += milliseconds(1)) {
    EXPECT_EQ(crowding.threads(now, [&](Crowding::Time) { return std::optional(++asked % 3 == 0 ? 0.6 : 0.0); }), 2);
  }
  EXPECT_GT(asked, 100);
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

bool counts_waits() {
  std::ifstream file("/proc/thread-self/schedstat");
  int64_t computed = 0, waited = 0, turns = 0;
  return file >> computed >> waited >> turns && turns > 0;
}

// More threads that compute than processors: some wait for a good part of the time. One alone waits seldom, and one
// that was not there before has waited for nothing yet.
TEST(ProcessorWaits, ThreadsThatShareAProcessorWait) {
  std::atomic<bool> done = false;
  std::vector<int> ids;
  std::mutex writing;
  std::vector<std::thread> threads;
  const auto compute = [&] {
    {
      const std::lock_guard lock(writing);
      ids.push_back(::gettid());
    }
    while (!done) {
    }
  };
  const unsigned count = 3 * std::max(1U, std::thread::hardware_concurrency());
  for (unsigned i = 0; i < count; ++i) threads.emplace_back(compute);
  const auto known = [&] {
    const std::lock_guard lock(writing);
    return ids;
  };
  while (known().size() < count) std::this_thread::yield();
  ProcessorWaits waits;
  EXPECT_FALSE(waits.share(std::chrono::steady_clock::now(), known()));
  std::this_thread::sleep_for(milliseconds(300));
  const double share = waits.share(std::chrono::steady_clock::now(), known()).value_or(0);
  const bool is_known = waits.share(std::chrono::steady_clock::now(), std::array{::gettid()}).has_value();
  done = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_GT(share, 0.1);
  EXPECT_FALSE(is_known && counts_waits()) << "it was not asked for before";
}

TEST(ProcessorWaits, AThreadThatSleepsDoesNotWait) {
  ProcessorWaits waits;
  const std::array own{::gettid()};
  waits.share(std::chrono::steady_clock::now(), own);
  std::this_thread::sleep_for(milliseconds(200));
  const std::optional<double> share = waits.share(std::chrono::steady_clock::now(), own);
  ASSERT_TRUE(share);
  if (!counts_waits()) GTEST_SKIP() << "the kernel does not tell how long a thread has waited";
  EXPECT_LT(*share, 0.5);
}

TEST(ProcessorWaits, OfThreadsThatAreNotThereTheProcessIsReckoned) {
  ProcessorWaits waits;
  const std::array nobody{-1};
  EXPECT_FALSE(waits.share(std::chrono::steady_clock::now(), nobody));
  EXPECT_GE(waits.share(std::chrono::steady_clock::now(), nobody).value(), 0);
}

}  // namespace
}  // namespace spinenet::kernels
