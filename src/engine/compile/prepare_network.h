// The first job of compile(): lowers a Program to a Network, runs the passes, and says which values are bytes.
//
// Thread contract: a pure function.
#pragma once

#include "base/host_tensor.h"
#include "engine/compile/compile.h"
#include "engine/compile/network.h"

namespace spinenet::engine {

// The weights fit the program. ErrorKind::usage, bad_data and unsupported, said of options.place, where int8 lacks a
// calibration of these weights or the network looks at crops.
Network prepare_network(const graph::Program& program, const Weights& weights, const CompileOptions& options,
                        const kernels::Kernels& kernels);

}  // namespace spinenet::engine
