// The lease of a trial, prolonged in the background three times while it lasts, by a thread with a store of its own.
//
// Thread contract: made and destroyed by one thread; lost() from any. Its thread is not in the child of a fork, so
// there it must not be destroyed.
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "search/store/store.h"

namespace spinenet::search {

class Heartbeat {
 public:
  Heartbeat(StudyAddress study, const Claim& claim, double lease_seconds);
  Heartbeat(const Heartbeat&) = delete;
  Heartbeat& operator=(const Heartbeat&) = delete;
  ~Heartbeat();

  // The lease went to another worker, or ran out. A store that cannot be reached says nothing: the trial goes on, and
  // its report decides whether the lease was still its own.
  bool lost() const { return lost_; }

 private:
  void beat();
  void beat_until_the_end();

  const StudyAddress study_;
  const Claim claim_;
  const double lease_seconds_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool end_ = false;
  std::atomic<bool> lost_ = false;
  std::thread thread_;
};

}  // namespace spinenet::search
