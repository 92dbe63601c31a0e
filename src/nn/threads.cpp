#include "nn/threads.h"

#include <ATen/Parallel.h>
#include <dlfcn.h>

namespace spinenet::nn {

void set_threads(int threads, int64_t images) {
  at::set_num_threads(threads);
  // LibTorch has no function for it, and which library stands behind its BLAS is the system's choice.
  if (void* set = ::dlsym(RTLD_DEFAULT, "openblas_set_num_threads")) {
    reinterpret_cast<void (*)(int)>(set)(images >= threads ? 1 : threads);
  }
}

int blas_threads() {
  void* get = ::dlsym(RTLD_DEFAULT, "openblas_get_num_threads");
  return get == nullptr ? 0 : reinterpret_cast<int (*)()>(get)();
}

}  // namespace spinenet::nn
