#include "base/heap.h"

#include <cstdlib>

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace spinenet {

void keep_freed_memory() {
#ifdef __GLIBC__
  if (std::getenv("MALLOC_MMAP_THRESHOLD_") != nullptr || std::getenv("MALLOC_TRIM_THRESHOLD_") != nullptr) return;
  constexpr int kGrowBy = 64 << 20, kOwnMapFrom = 1 << 30, kOwnMapFromIfOld = 32 << 20;  // bytes
  if (mallopt(M_MMAP_THRESHOLD, kOwnMapFrom) == 0) mallopt(M_MMAP_THRESHOLD, kOwnMapFromIfOld);
  mallopt(M_TRIM_THRESHOLD, -1);  // never
  mallopt(M_TOP_PAD, kGrowBy);
#endif
}

void return_freed_memory() {
#ifdef __GLIBC__
  malloc_trim(0);
#endif
}

}  // namespace spinenet
