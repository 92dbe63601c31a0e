// Whether this machine has a GPU that LibTorch could use, asked of its driver without LibTorch.
//
// Thread contract: a free function; the driver, once asked, stays loaded.
#pragma once

namespace spinenet::runtime {

// Whether CUDA's driver is installed and sees a device (CUDA_VISIBLE_DEVICES counts).
bool gpu_driver_sees_device();

}  // namespace spinenet::runtime
