// How many threads a process had better use while others want the processors, too.
//
// Threads that meet after every small piece of work wait for the one that has lost its processor, some milliseconds
// each time. So half as many take part, and again half as many, as long as one of them waits for a processor for a good
// part of the time, twice in a row, and more are tried again after a pause that doubles from time to time. How many
// there are changes who does a piece of work, never what it gives.
//
// Thread contract: one caller at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <span>

namespace spinenet::kernels {

class Crowding {
 public:
  using Time = std::chrono::steady_clock::time_point;

  explicit Crowding(int threads) : most_(threads), now_(threads) {}

  int most() const { return most_; }

  // Threads to use at `now`. `waiting(now)` tells the share of the time since it was asked last in which one of the
  // threads in use waited for a processor, of the one that waited most; nothing where it was not asked about these
  // threads before. It is asked once in a while.
  template <class Waiting>
  int threads(Time now, const Waiting& waiting) {
    if (now >= next_look_) look(now, waiting(now));
    return now_;
  }

 private:
  void look(Time now, std::optional<double> waited);
  void rest(Time now);

  int most_, now_;
  Time next_look_;
  bool resting_ = false;  // nothing is watched until next_look_; then more threads are tried
  bool trying_ = false;   // more threads than those that were not crowded
  bool was_crowded_ = false;
  std::chrono::milliseconds pause_{};
};

// How long threads of this process were ready to run while others ran in their places.
class ProcessorWaits {
 public:
  // The share of the time since the last call, of the thread (as gettid() numbers them) that waited most; nothing where
  // one of them was not asked for then. Where the kernel does not tell the time (no /proc, or no count in it), it is
  // reckoned from the times that the system has turned the process's threads off their processors.
  std::optional<double> share(Crowding::Time now, std::span<const int> threads);

 private:
  using Waited = std::map<int, std::chrono::nanoseconds>;
  Waited before_;
  Crowding::Time asked_;
};

}  // namespace spinenet::kernels
