#include "api/thread_budget.h"

#include <algorithm>
#include <memory>

#include "base/error.h"
#include "base/format.h"
#include "base/thread_pool.h"

namespace spinenet::api {
namespace {

// The one thing that belongs to the process: cores are shared by all that runs in it.
struct OfProcess {
  std::mutex mutex;
  int wanted = 0;  // 0: not set
  std::unique_ptr<ThreadBudget> budget;

  int size() const {
    if (budget) return budget->size();
    return wanted > 0 ? wanted : std::min(available_cores(), kMostThreads);
  }
};

OfProcess& of_process() {
  static OfProcess state;
  return state;
}

int checked(int threads) {
  if (threads < 1 || threads > kMostThreads) {
    fail(spinenet::ErrorKind::usage, fmt::format("{} threads", threads), "thread budget",
         fmt::format("use 1 to {}", kMostThreads));
  }
  return threads;
}

}  // namespace

ThreadBudget::ThreadBudget(int threads) : size_(checked(threads)), free_(threads) {}

void ThreadBudget::take(int threads) {
  std::unique_lock lock(mutex_);
  const uint64_t ticket = tickets_++;
  changed_.wait(lock, [&] { return served_ == ticket && free_ >= threads; });
  free_ -= threads;
  ++served_;
  changed_.notify_all();
}

void ThreadBudget::give_back(int threads) {
  const std::lock_guard lock(mutex_);
  free_ += threads;
  changed_.notify_all();
}

uint64_t ThreadBudget::waiting() const {
  const std::lock_guard lock(mutex_);
  return tickets_ - served_;
}

ThreadBudget& process_thread_budget() {
  OfProcess& state = of_process();
  const std::lock_guard lock(state.mutex);
  if (!state.budget) state.budget = std::make_unique<ThreadBudget>(state.size());
  return *state.budget;
}

int process_thread_budget_size() {
  OfProcess& state = of_process();
  const std::lock_guard lock(state.mutex);
  return state.size();
}

void set_process_thread_budget(int threads) {
  checked(threads);
  OfProcess& state = of_process();
  const std::lock_guard lock(state.mutex);
  if (state.budget && state.budget->size() != threads) {
    fail(spinenet::ErrorKind::usage, fmt::format("it is {} threads already", state.budget->size()), "thread budget",
         "set it before the first model is opened");
  }
  state.wanted = threads;
}

}  // namespace spinenet::api
