#include "base/thread_pool.h"

#include <atomic>
#include <optional>
#include <set>
#include <stdexcept>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

namespace spinenet {
namespace {

TEST(ThreadPool, RunsWhatIsSubmitted) {
  ThreadPool pool(3);
  EXPECT_EQ(pool.size(), 3);
  std::atomic<int> sum = 0;
  std::vector<std::future<void>> done;
  for (int i = 1; i <= 100; ++i) done.push_back(pool.submit([&sum, i] { sum += i; }));
  for (std::future<void>& part : done) part.get();
  EXPECT_EQ(sum, 5050);
}

TEST(ThreadPool, AnExceptionReachesWhoeverWaits) {
  ThreadPool pool(1);
  std::future<void> failed = pool.submit([] { throw std::runtime_error("broken"); });
  EXPECT_THROW(failed.get(), std::runtime_error);
  std::future<void> next = pool.submit([] {});
  EXPECT_NO_THROW(next.get()) << "the worker did not outlive the exception";
}

TEST(ThreadPool, ParallelForVisitsEachIndexOnce) {
  for (const int threads : {0, 1, 4}) {
    ThreadPool pool(threads);
    for (const int64_t n : {0, 1, 2, 1000}) {
      std::vector<std::atomic<int>> visits(static_cast<size_t>(n));
      pool.parallel_for(n, [&](int64_t i) { ++visits[static_cast<size_t>(i)]; });
      for (const std::atomic<int>& count : visits) EXPECT_EQ(count, 1);
    }
  }
}

TEST(ThreadPool, ParallelForStopsAtAnExceptionAndPassesItOn) {
  ThreadPool pool(2);
  for (const int64_t bad : {int64_t{0}, int64_t{500}, int64_t{999'999}}) {
    const auto body = [bad](int64_t i) {
      if (i == bad) throw std::out_of_range("index");
    };
    EXPECT_THROW(pool.parallel_for(1'000'000, body), std::out_of_range);
  }
  std::atomic<int> count = 0;
  pool.parallel_for(10, [&](int64_t) { ++count; });
  EXPECT_EQ(count, 10);
}

TEST(ThreadPool, SeveralThreadsMayShareIt) {
  ThreadPool pool(2);
  std::atomic<int64_t> sum = 0;
  std::vector<std::thread> callers;
  for (int caller = 0; caller < 4; ++caller) {
    callers.emplace_back([&] {
      for (int round = 0; round < 20; ++round) pool.parallel_for(50, [&](int64_t i) { sum += i; });
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(sum, 4 * 20 * 49 * 50 / 2);
}

TEST(ThreadPool, DestructionDropsWhatHasNotBegun) {
  std::atomic<int> begun = 0;
  std::promise<void> started;
  std::promise<void> gate;
  std::future<void> open = gate.get_future();
  std::vector<std::future<void>> done;
  std::thread opener;
  {
    ThreadPool pool(1);
    done.push_back(pool.submit([&] {
      started.set_value();
      open.wait();
      ++begun;
    }));
    started.get_future().wait();
    for (int i = 0; i < 10; ++i) done.push_back(pool.submit([&] { ++begun; }));
    opener = std::thread([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      gate.set_value();
    });
  }
  opener.join();
  EXPECT_EQ(done.front().wait_for(std::chrono::seconds(0)), std::future_status::ready);
  for (size_t i = 1; i < done.size(); ++i) {
    try {
      done[i].get();
    } catch (const std::future_error& error) {
      EXPECT_EQ(error.code(), std::future_errc::broken_promise);
    }
  }
  EXPECT_GE(begun, 1);
}

TEST(AvailableCores, IsAtLeastOne) {
  EXPECT_GE(available_cores(), 1);
}

TEST(AvailableCores, AreThoseThatAQuotaKeepsBusy) {
  const std::vector<std::tuple<int, std::optional<double>, int>> cases{
      {4, std::nullopt, 4}, {4, 0.5, 1}, {4, 0.001, 1}, {4, 1.0, 1},   {4, 1.5, 2},
      {4, 2.0, 2},          {4, 4.0, 4}, {4, 64.0, 4},  {4, 1e300, 4}, {0, std::nullopt, 1}};
  for (const auto& [allowed, quota, expected] : cases) {
    EXPECT_EQ(processors_within(allowed, quota), expected) << allowed << " within " << quota.value_or(-1);
  }
}

}  // namespace
}  // namespace spinenet
