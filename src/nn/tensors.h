// The border between LibTorch and the rest: the one header of LibTorch that the modules nn and train include, and the
// conversions to and from host tensors.
#pragma once

#include <torch/types.h>

#include "base/host_tensor.h"

namespace spinenet::nn {

// A copy on the CPU as float32, row-major.
HostTensor to_host(const torch::Tensor& tensor);
// A copy on `device`.
torch::Tensor to_torch(const HostTensor& tensor, torch::Device device = torch::kCPU);

}  // namespace spinenet::nn
