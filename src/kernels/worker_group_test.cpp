#include "kernels/worker_group.h"

#include <atomic>
#include <set>
#include <vector>

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace spinenet::kernels
