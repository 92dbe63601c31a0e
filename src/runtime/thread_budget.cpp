#include "runtime/thread_budget.h"

#include <algorithm>
#include <cstdlib>
#include <memory>

#include "base/error.h"
#include "base/fork_count.h"
#include "base/format.h"
#include "base/thread_pool.h"

namespace spinenet::runtime {
namespace {

// The one thing that belongs to the process: cores are shared by all that runs in it. No lock: one that another thread
// held at a fork would be held for ever in the child.
// Its size in one word, so that it is either still changed or already fixed: 0 not set, n wanted, -n fixed by a use.
std::atomic<int> process_size{0};
std::atomic<ThreadBudget*> process_budget{nullptr};

int checked(int threads) {
  if (threads < 1 || threads > kMostThreads) {
    fail(ErrorKind::usage, fmt::format("{} threads", threads), "thread budget",
         fmt::format("use 1 to {}", kMostThreads));
  }
  return threads;
}

int size_of(int state) {
  return state != 0 ? std::abs(state) : std::min(available_cores(), kMostThreads);
}

int fix_process_size() {
  int now = process_size.load();
  while (now >= 0) {
    const int fixed = -size_of(now);
    if (process_size.compare_exchange_weak(now, fixed)) now = fixed;
  }
  return -now;
}

}  // namespace

struct ThreadBudget::Queue {
  Queue(int threads, uint32_t fork) : forks(fork), free(threads) {}

  const uint32_t forks;  // fork_count() of the process that it belongs to
  std::mutex mutex;
  std::condition_variable changed;
  int free;
  uint64_t tickets = 0, served = 0;
};

ThreadBudget::ThreadBudget(int threads) : size_(checked(threads)), queue_(new Queue(threads, fork_count())) {}

ThreadBudget::~ThreadBudget() {
  const Queue* last = queue_.load();
  if (last->forks == fork_count()) delete last;
}

// A parent's queue is left where it lies: a thread that is not here may hold its lock.
ThreadBudget::Queue& ThreadBudget::queue() const {
  Queue* now = queue_.load();
  if (now->forks == fork_count()) return *now;
  auto own = std::make_unique<Queue>(size_, fork_count());
  if (queue_.compare_exchange_strong(now, own.get())) return *own.release();
  return *now;  // another thread of this process was faster
}

void ThreadBudget::take(int threads) {
  Queue& queue = this->queue();
  std::unique_lock lock(queue.mutex);
  const uint64_t ticket = queue.tickets++;
  queue.changed.wait(lock, [&] { return queue.served == ticket && queue.free >= threads; });
  queue.free -= threads;
  ++queue.served;
  queue.changed.notify_all();
}

void ThreadBudget::give_back(int threads) {
  Queue& queue = this->queue();
  const std::lock_guard lock(queue.mutex);
  queue.free = std::min(queue.free + threads, size_);
  queue.changed.notify_all();
}

uint64_t ThreadBudget::waiting() const {
  Queue& queue = this->queue();
  const std::lock_guard lock(queue.mutex);
  return queue.tickets - queue.served;
}

int threads_within(const ThreadBudget& budget, int wanted, std::string_view place) {
  if (wanted < 0 || wanted > budget.size()) {
    fail(ErrorKind::usage, fmt::format("{} threads of a budget of {}", wanted, budget.size()), place,
         "ask for fewer, or raise the budget before the first model is opened");
  }
  return wanted > 0 ? wanted : budget.size();
}

ThreadBudget& process_thread_budget() {
  if (ThreadBudget* budget = process_budget.load()) return *budget;
  auto made = std::make_unique<ThreadBudget>(fix_process_size());
  ThreadBudget* budget = nullptr;
  return process_budget.compare_exchange_strong(budget, made.get()) ? *made.release() : *budget;
}

int process_thread_budget_size() {
  return size_of(process_size.load());
}

void set_process_thread_budget(int threads) {
  const int wanted = checked(threads);
  int now = process_size.load();
  while (now >= 0) {
    if (process_size.compare_exchange_weak(now, wanted)) return;
  }
  if (-now == wanted) return;
  fail(ErrorKind::usage, fmt::format("it is {} threads already", -now), "thread budget",
       "set it before the first model is opened");
}

}  // namespace spinenet::runtime
