#include "kernels/scratch.h"

#include <memory>
#include <vector>

namespace spinenet::kernels {

float* scratch(int64_t floats) {
  constexpr size_t kLine = 64;
  thread_local std::vector<float> memory;
  const size_t wanted = static_cast<size_t>(floats) + kLine / sizeof(float);
  if (memory.size() < wanted) {
    memory.clear();
    memory.resize(wanted);
  }
  void* first = memory.data();
  size_t bytes = memory.size() * sizeof(float);
  return static_cast<float*>(std::align(kLine, static_cast<size_t>(floats) * sizeof(float), first, bytes));
}

}  // namespace spinenet::kernels
