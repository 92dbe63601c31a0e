#include "kernels/worker_group.h"

#include <atomic>
#include <memory>
#include <set>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "base/child_process_fixture.h"
#include "base/sanitizer_fixture.h"

namespace spinenet::kernels {
namespace {

TEST(WorkerGroup, DoesEveryTaskOnceInEveryRound) {
  for (const int threads : {1, 2, 5}) {
    WorkerGroup workers(threads);
    EXPECT_EQ(workers.size(), threads);
    for (const int64_t n : {0, 1, 2, 3, 100}) {
      std::vector<std::atomic<int>> done(static_cast<size_t>(n));
      for (int round = 0; round < 200; ++round) {
        workers.run(n, [&](int64_t i, int thread) {
          ASSERT_TRUE(thread >= 0 && thread < threads);
          done[static_cast<size_t>(i)].fetch_add(1);
        });
      }
      for (const std::atomic<int>& count : done) EXPECT_EQ(count, 200);
    }
  }
}

// What one round writes the next one reads, whoever wrote it.
TEST(WorkerGroup, FinishesARoundBeforeTheNext) {
  WorkerGroup workers(3);
  std::vector<int> values(64, 0);
  for (int round = 0; round < 300; ++round) {
    workers.run(64, [&](int64_t i, int) { ++values[static_cast<size_t>(i)]; });
    workers.run(64, [&](int64_t i, int) {
      values[static_cast<size_t>(i)] += values[static_cast<size_t>(i)] == round + 1 ? 0 : 9;
    });
  }
  EXPECT_EQ(std::set<int>(values.begin(), values.end()), std::set<int>{300});
}

// The sum of 1 to 100, which every thread may have a part in.
int64_t sum_by(WorkerGroup& workers) {
  std::atomic<int64_t> sum{0};
  workers.run(100, [&](int64_t i, int) { sum += i + 1; });
  return sum;
}

// A sanitizer has a lock of its own while a thread begins, which a fork of that moment leaves locked in the child.
void await_workers(const WorkerGroup& workers) {
  while (static_cast<int>(workers.thread_ids().size()) + 1 < workers.size()) std::this_thread::yield();
}

TEST(WorkerGroup, WorksInTheChildOfAFork) {
  if (fixture::kHasThreadSanitizer) GTEST_SKIP() << "it ends a child that starts threads";
  auto workers = std::make_unique<WorkerGroup>(3);
  ASSERT_EQ(sum_by(*workers), 5050);
  await_workers(*workers);
  EXPECT_TRUE(fixture::holds_in_child([&] {
    const bool right = workers->size() == 3 && sum_by(*workers) == 5050 && sum_by(*workers) == 5050;
    await_workers(*workers);
    const bool in_grandchild = fixture::holds_in_child([&] { return sum_by(*workers) == 5050; });
    workers.reset();
    return right && in_grandchild;
  }));
  EXPECT_TRUE(fixture::holds_in_child([&] {
    workers.reset();  // unused
    return true;
  }));
  EXPECT_EQ(sum_by(*workers), 5050) << "the parent's own go on";
}

TEST(WorkerGroup, WorksInAChildThatWasForkedInTheMiddleOfAJob) {
  if (fixture::kHasThreadSanitizer) GTEST_SKIP() << "it ends a child that starts threads";
  WorkerGroup workers(2);
  await_workers(workers);
  std::atomic<int> begun{0};
  std::atomic<bool> go_on{false};
  std::thread busy([&] {
    workers.run(2, [&](int64_t, int) {
      begun.fetch_add(1);
      go_on.wait(false);
    });
  });
  while (begun < 2) std::this_thread::yield();
  EXPECT_TRUE(fixture::holds_in_child([&] {
    WorkerGroup own(2);
    return sum_by(workers) == 5050 && sum_by(own) == 5050;
  }));
  go_on = true;
  go_on.notify_all();
  busy.join();
  EXPECT_EQ(sum_by(workers), 5050);
}

}  // namespace
}  // namespace spinenet::kernels
