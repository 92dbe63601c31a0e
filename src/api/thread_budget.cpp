#include "api/thread_budget.h"

#include <memory>

#include "base/error.h"
#include "base/format.h"
#include "base/thread_pool.h"

namespace spinenet {
namespace {

// The one thing that belongs to the process: cores are shared by all that runs in it.
struct OfProcess {
  std::mutex mutex;
  int wanted = 0;  // 0: not set
  std::unique_ptr<ThreadBudget> budget;
};

OfProcess& of_process() {
  static OfProcess state;
  return state;
}

}  // namespace

ThreadBudget::ThreadBudget(int threads) : size_(threads), free_(threads) {
  if (threads < 1) fail(ErrorKind::usage, fmt::format("{} threads", threads), "thread budget", "use 1 or more");
}

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

ThreadBudget& process_thread_budget() {
  OfProcess& state = of_process();
  const std::lock_guard lock(state.mutex);
  if (!state.budget) state.budget = std::make_unique<ThreadBudget>(state.wanted > 0 ? state.wanted : available_cores());
  return *state.budget;
}

void set_process_thread_budget(int threads) {
  if (threads < 1) fail(ErrorKind::usage, fmt::format("{} threads", threads), "thread budget", "use 1 or more");
  OfProcess& state = of_process();
  const std::lock_guard lock(state.mutex);
  if (state.budget && state.budget->size() != threads) {
    fail(ErrorKind::usage, fmt::format("it is {} threads already", state.budget->size()), "thread budget",
         "set it before the first model is opened");
  }
  state.wanted = threads;
}

}  // namespace spinenet
