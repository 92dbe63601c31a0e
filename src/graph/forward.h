// A way of running a Program on images, whoever does it: LibTorch, the reference interpreter, a compiled plan.
#pragma once

#include <functional>
#include <vector>

#include "base/host_tensor.h"

namespace spinenet::graph {

// input [N, 3, H, W], normalised; one tensor for each of the program's outputs, in their order.
using Forward = std::function<std::vector<HostTensor>(const HostTensor& input)>;

}  // namespace spinenet::graph
