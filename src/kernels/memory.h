// Memory for packed numbers.
//
// Thread contract: pure functions.
#pragma once

#include <cstdint>
#include <memory>
#include <new>

namespace spinenet::kernels {

// Floats that begin at the start of a cache line, in large pages where there are many of them and the system has such
// pages. They are not set to zero.
struct AlignedDelete {
  std::align_val_t alignment{64};
  void operator()(float* data) const { ::operator delete[](data, alignment); }
};
using AlignedFloats = std::unique_ptr<float[], AlignedDelete>;
AlignedFloats aligned_floats(int64_t count);
// Asks for such pages for memory that nothing was written to yet: rows of many planes are otherwise as many pages.
void advise_large_pages(void* memory, int64_t bytes);

}  // namespace spinenet::kernels
