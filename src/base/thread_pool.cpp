#include "base/thread_pool.h"

#include <algorithm>
#include <atomic>
#include <cmath>

#include <sched.h>

#include "base/control_group.h"

namespace spinenet {
namespace {

void join_all(std::vector<std::thread>& workers) {
  for (std::thread& worker : workers) worker.join();
}

}  // namespace

ThreadPool::ThreadPool(int threads) {
  workers_.reserve(static_cast<size_t>(threads));
  try {
    for (int i = 0; i < threads; ++i) workers_.emplace_back([this] { work(); });
  } catch (...) {  // the system gives no more threads: those begun must end before the vector goes
    {
      const std::lock_guard lock(mutex_);
      stop_ = true;
    }
    wake_.notify_all();
    join_all(workers_);
    throw;
  }
}

ThreadPool::~ThreadPool() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  join_all(workers_);
}

std::future<void> ThreadPool::submit(std::function<void()> job) {
  std::packaged_task<void()> task(std::move(job));
  std::future<void> done = task.get_future();
  {
    const std::lock_guard lock(mutex_);
    jobs_.push_back(std::move(task));
  }
  wake_.notify_one();
  return done;
}

void ThreadPool::parallel_for(int64_t n, const std::function<void(int64_t)>& body) {
  std::atomic<int64_t> next{0};
  const auto drain = [&] {
    for (int64_t i = next.fetch_add(1); i < n; i = next.fetch_add(1)) body(i);
  };
  std::vector<std::future<void>> done;
  for (int64_t i = 0; i < std::min<int64_t>(size(), n - 1); ++i) done.push_back(submit(drain));
  std::exception_ptr failure;
  try {
    drain();
  } catch (...) {
    failure = std::current_exception();
    next = n;
  }
  for (std::future<void>& part : done) {
    try {
      part.get();
    } catch (...) {
      if (!failure) failure = std::current_exception();
      next = n;
    }
  }
  if (failure) std::rethrow_exception(failure);
}

void ThreadPool::work() {
  while (true) {
    std::packaged_task<void()> job;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return stop_ || !jobs_.empty(); });
      if (stop_) return;
      job = std::move(jobs_.front());
      jobs_.pop_front();
    }
    job();
  }
}

int processors_within(int allowed, std::optional<double> quota) {
  if (quota) allowed = static_cast<int>(std::min<double>(allowed, std::ceil(*quota)));
  return std::max(1, allowed);
}

int available_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  int allowed = static_cast<int>(std::thread::hardware_concurrency());
  if (sched_getaffinity(0, sizeof set, &set) == 0) allowed = CPU_COUNT(&set);
  return processors_within(allowed, group_processors());
}

}  // namespace spinenet
