// A group of worker threads: they share the tasks of a job and meet when all tasks are done. Between jobs, and where a
// task waits for another, they spin for a moment before they sleep. Nobody waits for a worker that has not woken up
// when the others are done: a busy machine costs speed, but does not stop every job.
//
// Invariant: never more runnable threads than the worker group has, the calling one included.
// Thread contract: run() is called from one thread at a time. In the child of a fork, which has no workers, the first
// run() starts new ones.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <thread>
#include <vector>

namespace spinenet::kernels {

// For so long a thread looks again and again before it sleeps; a wake-up costs about as much.
inline constexpr std::chrono::microseconds kPatience(60);

// Returns when the value is no longer `old`: soon if it changes soon. Whoever makes the last change notifies.
void wait_while(const std::atomic<int>& value, int old, std::chrono::microseconds patience = kPatience);

class WorkerGroup {
 public:
  // `patience`: of a worker that waits for the next job.
  explicit WorkerGroup(int threads, std::chrono::microseconds patience = kPatience);
  WorkerGroup(const WorkerGroup&) = delete;
  WorkerGroup& operator=(const WorkerGroup&) = delete;
  ~WorkerGroup();

  int size() const { return size_; }
  // The workers as the system numbers them (gettid); those that have begun.
  std::vector<int> thread_ids() const;

  // Calls task(i, thread) for i in [0, n) and returns when all are done; thread is in [0, size()). Tasks do not throw.
  template <class Task>
  void run(int64_t n, const Task& task) {
    share({[](const void* context, int64_t i, int thread) { (*static_cast<const Task*>(context))(i, thread); }, &task,
           n});
  }

 private:
  struct Job {
    void (*call)(const void*, int64_t, int) = nullptr;
    const void* context = nullptr;
    int64_t n = 0;
  };

  void start();
  void start_in_child();
  void share(const Job& job);
  void work(int thread);
  void drain(int thread);

  // Added to `entered_` when nobody may enter any more.
  static constexpr int kClosed = -(1 << 20);

  bool enter();

  int size_;
  std::chrono::microseconds patience_;
  uint32_t forks_;  // fork_count() when the workers were started
  std::vector<std::thread> workers_;
  std::vector<std::atomic<int>> ids_;  // of workers_; 0: has not begun
  Job job_;
  std::atomic<int64_t> next_{0};
  std::atomic<int> round_{0};          // grows with each job; negative: stop
  std::atomic<int> entered_{kClosed};  // workers that are at the job
};

}  // namespace spinenet::kernels
