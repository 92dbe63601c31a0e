// How many threads a process had better use while others want the processors, too.
//
// Threads that meet after every small piece of work wait for the one that has lost its processor, some milliseconds
// each time. So half as many take part, and again half as many, as long as threads of the process are turned off their
// processors, and more are tried again after a pause that doubles from time to time. How many there are changes who
// does a piece of work, never what it gives.
//
// Thread contract: one caller at a time.
#pragma once

#include <chrono>
#include <cstdint>

namespace spinenet::kernels {

class Crowding {
 public:
  using Time = std::chrono::steady_clock::time_point;

  explicit Crowding(int threads) : most_(threads), now_(threads) {}

  int most() const { return most_; }

  // Threads to use at `now`. `preemptions()` tells how often the system has turned the process's threads off their
  // processors so far; it is asked once in a while.
  template <class Preemptions>
  int threads(Time now, const Preemptions& preemptions) {
    if (now >= next_look_) look(now, preemptions());
    return now_;
  }

 private:
  void look(Time now, int64_t preemptions);
  bool is_crowded(Time now, int64_t preemptions) const;
  void rest(Time now);

  int most_, now_;
  Time begin_, next_look_;  // of what is being watched, and its end
  int64_t before_ = -1;     // preemptions at its begin
  bool resting_ = false;    // nothing is watched until next_look_; then more threads are tried
  bool trying_ = false;     // more threads than those that were not crowded
  std::chrono::milliseconds pause_{};
};

// Of all threads of this process.
int64_t count_preemptions();

}  // namespace spinenet::kernels
