#include "base/stop_signal.h"

#include <csignal>
#include <cstdint>
#include <ctime>
#include <string>

#include <unistd.h>

namespace spinenet {
namespace {

constexpr int64_t kOneWish = 500'000'000;  // nanoseconds

std::atomic<int> stop_signal{0};
std::atomic<int64_t> first_wish{0};  // when it came; 0: it has not

int64_t monotonic_nanoseconds() {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

void on_signal(int number) {
  const int64_t now = monotonic_nanoseconds();
  int64_t never = 0;
  if (first_wish.compare_exchange_strong(never, now)) {
    stop_signal.store(number);
  } else if (now - never > kOneWish) {
    ::_exit(128 + number);
  }
}

}  // namespace

const std::atomic<int>& watch_stop_signals() {
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
  if (std::signal(SIGHUP, on_signal) == SIG_IGN) std::signal(SIGHUP, SIG_IGN);  // started with nohup
  return stop_signal;
}

int received_stop_signal() {
  return stop_signal.load();
}

void end_for_signal(std::string_view what, std::string_view place) {
  throw Stopped(ErrorKind::io, std::string(place) + ": " + std::string(what));
}

}  // namespace spinenet
