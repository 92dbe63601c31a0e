#include "kernels/memory.h"

#include <sys/mman.h>

namespace spinenet::kernels {
namespace {

constexpr size_t kLargePage = size_t{2} << 20;

}  // namespace

AlignedFloats aligned_floats(int64_t count) {
  constexpr size_t kLine = 64;
  const size_t bytes = static_cast<size_t>(count) * sizeof(float);
  const std::align_val_t alignment{bytes < kLargePage ? kLine : kLargePage};
  AlignedFloats data(static_cast<float*>(::operator new[](bytes, alignment)), AlignedDelete{alignment});
  advise_large_pages(data.get(), static_cast<int64_t>(bytes));
  return data;
}

void advise_large_pages(void* memory, int64_t bytes) {
  auto size = static_cast<size_t>(bytes);
  if (std::align(kLargePage, kLargePage, memory, size) == nullptr) return;
  ::madvise(memory, size / kLargePage * kLargePage, MADV_HUGEPAGE);  // advice: no matter if the system has none
}

}  // namespace spinenet::kernels
