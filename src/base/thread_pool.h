// A fixed number of threads and a queue of jobs. An exception thrown by a job reaches whoever waits for it.
//
// Thread contract: submit and parallel_for may be called from any thread but a worker of the same pool.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <future>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace spinenet {

class ThreadPool {
 public:
  explicit ThreadPool(int threads);
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;
  // Waits for the running jobs; those not begun are dropped.
  ~ThreadPool();

  int size() const { return static_cast<int>(workers_.size()); }
  std::future<void> submit(std::function<void()> job);
  // Calls body(i) for i in [0, n) on the workers and the calling thread; returns when all are done.
  void parallel_for(int64_t n, const std::function<void(int64_t)>& body);

 private:
  void work();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::packaged_task<void()>> jobs_;
  bool stop_ = false;
  std::vector<std::thread> workers_;
};

// Processors this process may use: the affinity mask and the quotas of its control groups respected, at least 1.
int available_cores();

// Of the allowed processors as many as a quota of their time keeps busy, a part of one counted as one; at least 1.
int processors_within(int allowed, std::optional<double> quota);

}  // namespace spinenet
