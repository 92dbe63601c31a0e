#include "base/fork_count.h"

#include <atomic>
#include <new>

#include <pthread.h>

namespace spinenet {
namespace {

std::atomic<uint32_t> forks{0};

void count_fork() {
  forks.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace

uint32_t fork_count() {
  static const bool counting = [] {
    if (::pthread_atfork(nullptr, nullptr, count_fork) != 0) throw std::bad_alloc();
    return true;
  }();
  static_cast<void>(counting);
  return forks.load(std::memory_order_relaxed);
}

}  // namespace spinenet
