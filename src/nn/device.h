// Devices by name.
#pragma once

#include <string>

#include "nn/tensors.h"

namespace spinenet::nn {

// "cpu", "cuda", "cuda:N" or "auto". ErrorKind::unsupported when it is not there, usage when there is no such name.
torch::Device find_device(const std::string& name);

}  // namespace spinenet::nn
