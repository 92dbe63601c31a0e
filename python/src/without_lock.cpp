#include "without_lock.h"

#include <atomic>
#include <chrono>
#include <thread>

namespace spinenet::python {
namespace {

std::atomic<int> computing{0};  // threads
std::atomic<bool> ending{false};
std::atomic<std::thread::id> ender{};

}  // namespace

// Counted first and asked then, where the end asks first and counts then: one of the two sees the other.
void begin_computing() {
  computing.fetch_add(1);
  if (!ending.load() || ender.load() == std::this_thread::get_id()) return;
  computing.fetch_sub(1);
  for (;;) ::pause();
}

void end_computing() {
  computing.fetch_sub(1);
}

void wait_for_computing() {
  const pybind11::gil_scoped_release without_lock;
  ender = std::this_thread::get_id();
  ending = true;
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (computing.load() > 0 && std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

}  // namespace spinenet::python
