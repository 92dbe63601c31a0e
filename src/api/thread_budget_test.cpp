#include "api/thread_budget.h"

#include <atomic>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "base/error.h"

namespace spinenet {
namespace {

TEST(ThreadBudget, NeverGivesMoreThanThereIs) {
  ThreadBudget budget(3);
  std::atomic<int> taken{0}, most{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 6; ++t) {
    threads.emplace_back([&, wanted = 1 + t % 3] {
      for (int i = 0; i < 200; ++i) {
        const ThreadLease lease(budget, wanted);
        const int now = taken.fetch_add(wanted) + wanted;
        int seen = most.load();
        while (now > seen && !most.compare_exchange_weak(seen, now)) {
        }
        std::this_thread::yield();
        taken.fetch_sub(wanted);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(taken.load(), 0);
  EXPECT_LE(most.load(), 3);
}

// Who wants many is not passed for ever by those who want few.
TEST(ThreadBudget, ServesInTheOrderOfTheAsking) {
  ThreadBudget budget(2);
  budget.take(1);
  std::atomic<bool> many{false}, few{false};
  std::thread wants_two([&] {
    budget.take(2);
    many = true;
    EXPECT_FALSE(few.load());
    budget.give_back(2);
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  std::thread wants_one([&] {
    budget.take(1);
    few = true;
    budget.give_back(1);
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_FALSE(many.load());
  EXPECT_FALSE(few.load()) << "passed the one before";
  budget.give_back(1);
  wants_two.join();
  wants_one.join();
}

TEST(ThreadBudget, OfTheProcessIsFixedOnceUsed) {
  EXPECT_THROW(ThreadBudget(0), Error);
  EXPECT_THROW(set_process_thread_budget(0), Error);
  const int size = process_thread_budget().size();
  EXPECT_GE(size, 1);
  EXPECT_THROW(set_process_thread_budget(size + 1), Error);
  EXPECT_NO_THROW(set_process_thread_budget(size));
}

}  // namespace
}  // namespace spinenet
