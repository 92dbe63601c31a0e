// LibTorch's part for GPUs, a library of its own (libtorch_cuda.so) that the program need not be linked with: it is
// loaded when a GPU is first asked for, and only where there is a driver, because it and CUDA's libraries are some
// gigabytes.
//
// Thread contract: any thread; the first call loads. It comes before anything else asks LibTorch about CUDA, which
// remembers the answer.
#pragma once

#include <string>

namespace spinenet::nn {

// Whether LibTorch can use a GPU here.
bool gpu_is_available();

// Why not, for messages: no driver, a LibTorch without a part for GPUs, one that cannot be loaded, no device. Empty
// where one is available.
std::string why_no_gpu();

}  // namespace spinenet::nn
