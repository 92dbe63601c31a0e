#include "kernels/worker_group.h"

#include <algorithm>
#include <utility>

#include <unistd.h>

#include "base/fork_count.h"
#include "kernels/processor.h"

namespace spinenet::kernels {
namespace {

void stop(std::atomic<int>& round, std::vector<std::thread>& workers) {
  round.store(-1, std::memory_order_release);
  round.notify_all();
  for (std::thread& worker : workers) worker.join();
}

// In a child the threads that these stand for are not there: they can be neither joined nor detached, so their handles
// are left where they lie.
void forget(std::vector<std::thread>& workers) {
  static_cast<void>(new std::vector<std::thread>(std::exchange(workers, {})));
}  // NOLINT(clang-analyzer-cplusplus.NewDeleteLeaks): on purpose

}  // namespace

void wait_while(const std::atomic<int>& value, int old, std::chrono::microseconds patience) {
  const auto start = std::chrono::steady_clock::now();
  while (true) {
    for (int i = 0; i < 64; ++i) {
      if (value.load(std::memory_order_acquire) != old) return;
      pause_in_loop();
    }
    if (std::chrono::steady_clock::now() - start > patience) break;
  }
  value.wait(old, std::memory_order_acquire);
}

WorkerGroup::WorkerGroup(int threads, std::chrono::microseconds patience)
    : size_(std::max(threads, 1)), patience_(patience), forks_(fork_count()), ids_(static_cast<size_t>(size_ - 1)) {
  start();
}

std::vector<int> WorkerGroup::thread_ids() const {
  std::vector<int> begun;
  for (const std::atomic<int>& id : ids_) {
    if (id != 0) begun.push_back(id);
  }
  return begun;
}

void WorkerGroup::start() {
  try {
    for (int i = 1; i < size_; ++i) workers_.emplace_back([this, i] { work(i); });
  } catch (...) {  // the system gives no more threads: those begun must end before the vector goes
    stop(round_, workers_);
    workers_.clear();
    throw;
  }
}

WorkerGroup::~WorkerGroup() {
  if (forks_ == fork_count()) {
    stop(round_, workers_);
  } else {
    forget(workers_);
  }
}

// Whatever job was under way when the process was forked, it is none of the child's.
void WorkerGroup::start_in_child() {
  forget(workers_);
  for (std::atomic<int>& id : ids_) id = 0;
  next_.store(0);
  round_.store(0);
  entered_.store(kClosed);
  start();
  forks_ = fork_count();
}

void WorkerGroup::share(const Job& job) {
  if (forks_ != fork_count()) start_in_child();
  if (workers_.empty() || job.n <= 1) {
    for (int64_t i = 0; i < job.n; ++i) job.call(job.context, i, 0);
    return;
  }
  job_ = job;
  next_.store(0, std::memory_order_relaxed);
  entered_.store(0, std::memory_order_release);
  round_.store((round_.load(std::memory_order_relaxed) + 1) & 0x3fffffff, std::memory_order_release);
  round_.notify_all();
  drain(0);
  int entered = entered_.fetch_add(kClosed, std::memory_order_acq_rel) + kClosed;
  while (entered != kClosed) {
    wait_while(entered_, entered);
    entered = entered_.load(std::memory_order_acquire);
  }
}

// False when the job is already done.
bool WorkerGroup::enter() {
  int entered = entered_.load(std::memory_order_relaxed);
  while (entered >= 0) {
    if (entered_.compare_exchange_weak(entered, entered + 1, std::memory_order_acquire)) return true;
  }
  return false;
}

void WorkerGroup::drain(int thread) {
  for (int64_t i = next_.fetch_add(1, std::memory_order_relaxed); i < job_.n;
       i = next_.fetch_add(1, std::memory_order_relaxed)) {
    job_.call(job_.context, i, thread);
  }
}

void WorkerGroup::work(int thread) {
  ids_[static_cast<size_t>(thread - 1)] = ::gettid();
  int seen = 0;
  while (true) {
    wait_while(round_, seen, patience_);
    seen = round_.load(std::memory_order_acquire);
    if (seen < 0) return;
    if (!enter()) continue;
    drain(thread);
    entered_.fetch_sub(1, std::memory_order_acq_rel);
    entered_.notify_one();
  }
}

}  // namespace spinenet::kernels
