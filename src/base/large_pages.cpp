#include "base/large_pages.h"

#include <cstdint>

#include <sys/mman.h>

namespace spinenet {

void prefer_large_pages(void* begin, size_t bytes) {
  constexpr uintptr_t kLargePage = uintptr_t{2} << 20;
  const uintptr_t first = (reinterpret_cast<uintptr_t>(begin) + kLargePage - 1) & ~(kLargePage - 1);
  const uintptr_t end = (reinterpret_cast<uintptr_t>(begin) + bytes) & ~(kLargePage - 1);
  // It is advice: where the system does not take it, the pages are small.
  if (end > first) (void)::madvise(reinterpret_cast<void*>(first), end - first, MADV_HUGEPAGE);
}

}  // namespace spinenet
