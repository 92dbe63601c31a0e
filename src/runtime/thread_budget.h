// So many threads may compute at once. Who wants some waits until they are free, first come, first served.
//
// Invariant: never more are taken than there are. Thread contract: all functions from any thread. In the child of a
// fork none is taken: the threads that had them are not there.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string_view>

namespace spinenet::runtime {

inline constexpr int kMostThreads = 1024;  // of a budget

class ThreadBudget {
 public:
  // ErrorKind::usage unless 1 <= threads <= kMostThreads.
  explicit ThreadBudget(int threads);
  ThreadBudget(const ThreadBudget&) = delete;
  ThreadBudget& operator=(const ThreadBudget&) = delete;
  ~ThreadBudget();

  int size() const { return size_; }
  // 1 <= threads <= size().
  void take(int threads);
  void give_back(int threads);
  // Those in take() now.
  uint64_t waiting() const;

 private:
  struct Queue;
  Queue& queue() const;

  int size_;
  mutable std::atomic<Queue*> queue_;  // of this process
};

// The threads of a budget that were asked for; 0: all of them. ErrorKind::usage for more than it has, with the place.
int threads_within(const ThreadBudget& budget, int wanted, std::string_view place);

// Some threads of a budget, for as long as it lives.
class ThreadLease {
 public:
  ThreadLease(ThreadBudget& budget, int threads) : budget_(budget), threads_(threads) { budget_.take(threads_); }
  ThreadLease(const ThreadLease&) = delete;
  ThreadLease& operator=(const ThreadLease&) = delete;
  ~ThreadLease() { budget_.give_back(threads_); }

 private:
  ThreadBudget& budget_;
  int threads_;
};

// That of the process: the processors that it may use, unless set before the first use. ErrorKind::usage when it is set
// later: who runs already counts on it. Asking for the size alone is not a use.
ThreadBudget& process_thread_budget();
int process_thread_budget_size();
void set_process_thread_budget(int threads);

}  // namespace spinenet::runtime
