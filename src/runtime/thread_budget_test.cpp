#include "runtime/thread_budget.h"

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "base/child_process_fixture.h"
#include "base/error.h"

namespace spinenet::runtime {
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

// Whether so many wait before long.
bool comes_to_wait(const ThreadBudget& budget, uint64_t count) {
  const auto last = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (budget.waiting() != count) {
    if (std::chrono::steady_clock::now() > last) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
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
  EXPECT_TRUE(comes_to_wait(budget, 1));
  std::thread wants_one([&] {
    budget.take(1);
    few = true;
    budget.give_back(1);
  });
  EXPECT_TRUE(comes_to_wait(budget, 2));
  EXPECT_FALSE(many.load());
  EXPECT_FALSE(few.load()) << "passed the one before";
  budget.give_back(1);
  wants_two.join();
  wants_one.join();
  EXPECT_EQ(budget.waiting(), 0U);
}

TEST(ThreadBudget, HasBounds) {
  EXPECT_EQ(ThreadBudget(kMostThreads).size(), kMostThreads);
  for (const int threads : {-1, 0, kMostThreads + 1, 2'000'000'000}) {
    EXPECT_THROW((ThreadBudget(threads)), Error) << threads;
    try {
      set_process_thread_budget(threads);
      ADD_FAILURE() << threads;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::usage);
      EXPECT_NE(std::string(error.what()).find("use 1 to 1024"), std::string::npos) << error.what();
    }
  }
}

TEST(ThreadBudget, GivesTheThreadsThatWereAskedFor) {
  const ThreadBudget budget(3);
  EXPECT_EQ(threads_within(budget, 0, "model"), 3);
  EXPECT_EQ(threads_within(budget, 2, "model"), 2);
  EXPECT_THROW(threads_within(budget, 4, "model"), Error);
  EXPECT_THROW(threads_within(budget, -1, "model"), Error);
}

TEST(ThreadBudget, OfTheProcessIsFixedOnceUsed) {
  const int size = process_thread_budget().size();
  EXPECT_GE(size, 1);
  EXPECT_THROW(set_process_thread_budget(size + 1), Error);
  EXPECT_NO_THROW(set_process_thread_budget(size));
  EXPECT_EQ(process_thread_budget_size(), size);
}

// In a process of its own, where nothing is fixed yet.
TEST(ThreadBudgetDeathTest, AskingForTheSizeFixesNothing) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto ask_and_set = [] {
    const int other = process_thread_budget_size() == 1 ? 2 : 1;
    set_process_thread_budget(other);
    const bool wanted = process_thread_budget_size() == other;
    set_process_thread_budget(other + 1);
    std::_Exit(wanted && process_thread_budget().size() == other + 1 ? 0 : 1);
  };
  EXPECT_EXIT(ask_and_set(), testing::ExitedWithCode(0), "");
}

// In children of a process of its own, where nothing is fixed yet. The threads wait for each other's start without a
// lock, so that asking and setting meet.
bool set_holds_beside_first_use(int other) {
  return fixture::holds_in_child([other] {
    std::atomic<int> ready{0};
    const auto meet = [&] {
      ++ready;
      while (ready < 2) std::this_thread::yield();
    };
    int used = 0;
    std::thread use([&] {
      meet();
      used = process_thread_budget().size();
    });
    bool is_set = true;
    meet();
    try {
      set_process_thread_budget(other);
    } catch (const Error&) {
      is_set = false;
    }
    const int told = process_thread_budget_size();
    use.join();
    return is_set == (used == other) && is_set == (told == other) && process_thread_budget().size() == used;
  });
}

TEST(ThreadBudgetDeathTest, WhatIsSetBesideTheFirstUseHoldsOrIsRefused) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto set_and_use = [] {
    const int other = process_thread_budget_size() + 1;
    bool holds = true;
    for (int i = 0; i < 200; ++i) holds = holds && set_holds_beside_first_use(other);
    std::_Exit(holds ? 0 : 1);
  };
  EXPECT_EXIT(set_and_use(), testing::ExitedWithCode(0), "");
}

TEST(ThreadBudget, IsWholeInTheChildOfAFork) {
  ThreadBudget budget(2);
  budget.take(2);
  std::thread waiting([&] {
    budget.take(1);
    budget.give_back(1);
  });
  EXPECT_TRUE(comes_to_wait(budget, 1));
  EXPECT_TRUE(fixture::holds_in_child([&] {
    const ThreadLease all(budget, 2);
    return budget.waiting() == 0 && fixture::holds_in_child([&] {
             budget.take(2);
             return true;
           });
  }));
  EXPECT_EQ(budget.waiting(), 1U);
  budget.give_back(2);
  waiting.join();
}

}  // namespace
}  // namespace spinenet::runtime
