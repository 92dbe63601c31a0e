#include "base/stop_signal.h"

#include <csignal>

#include <unistd.h>

namespace spinenet {
namespace {

std::atomic<int> stop_signal{0};

void on_signal(int number) {
  int none = 0;
  if (!stop_signal.compare_exchange_strong(none, number)) ::_exit(128 + number);
}

}  // namespace

const std::atomic<int>& watch_stop_signals() {
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
  if (std::signal(SIGHUP, on_signal) == SIG_IGN) std::signal(SIGHUP, SIG_IGN);  // started with nohup
  return stop_signal;
}

}  // namespace spinenet
