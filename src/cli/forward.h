// The other device that this build has, LibTorch's, and what runs networks here.
//
// Thread contract: free functions.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "runtime/device.h"

namespace spinenet::cli {

// Empty in a build without LibTorch.
runtime::DeviceForward other_device();

// What runs networks here, for `spinenet checks`: name and value.
std::vector<std::pair<std::string, std::string>> forward_facts();

}  // namespace spinenet::cli
