#include "runtime/gpu_driver.h"

#include <dlfcn.h>

namespace spinenet::runtime {

// The two functions have been in libcuda.so.1 since CUDA 2.0; 0 is CUDA_SUCCESS.
bool gpu_driver_sees_device() {
  void* driver = ::dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
  if (driver == nullptr) return false;
  const auto init = reinterpret_cast<int (*)(unsigned)>(::dlsym(driver, "cuInit"));
  const auto count_devices = reinterpret_cast<int (*)(int*)>(::dlsym(driver, "cuDeviceGetCount"));
  int count = 0;
  return init != nullptr && count_devices != nullptr && init(0) == 0 && count_devices(&count) == 0 && count > 0;
}

}  // namespace spinenet::runtime
