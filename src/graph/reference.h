// The reference interpreter: each operation in the plainest loops, in inference mode. Slow and clear; every fast way of
// running a Program is tested against it.
//
// Thread contract: a pure function.
#pragma once

#include <string>
#include <vector>

#include "base/host_tensor.h"
#include "graph/program.h"

namespace spinenet::graph {

// input: [N, C, H, W] with the program's C, H, W. One tensor for each output, in the program's order.
// ErrorKind::bad_data when weights or input do not fit.
std::vector<HostTensor> run_reference(const Program& program, const Weights& weights, const HostTensor& input);

}  // namespace spinenet::graph
