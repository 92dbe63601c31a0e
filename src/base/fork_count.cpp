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

// Before main, where no other thread is: a guard of a static inside of the function could be held at a fork, and the
// child would wait for it.
const bool counting = ::pthread_atfork(nullptr, nullptr, count_fork) == 0;

}  // namespace

uint32_t fork_count() {
  if (!counting) throw std::bad_alloc();
  return forks.load(std::memory_order_relaxed);
}

}  // namespace spinenet
