#include "kernels/scratch.h"

#include "kernels/memory.h"

namespace spinenet::kernels {

float* scratch(int64_t floats) {
  thread_local AlignedFloats memory;
  thread_local int64_t size = 0;
  if (size < floats) {
    memory.reset();
    memory = aligned_floats(floats);
    size = floats;
  }
  return memory.get();
}

}  // namespace spinenet::kernels
