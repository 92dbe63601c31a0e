// The first job of compile(): lowers a Program to a Network, runs the passes, and says which values are bytes.
//
// Thread contract: a pure function.
#pragma once

#include "base/tensor_view.h"
#include "engine/compile/compile.h"
#include "engine/compile/network.h"

namespace spinenet::engine {

// The weights fit the program. ErrorKind::usage, said of options.place, where int8 lacks a calibration; bad_data for a
// calibration of another network.
Network prepare_network(const graph::Program& program, const WeightViews& weights, const CompileOptions& options,
                        const kernels::Kernels& kernels);

}  // namespace spinenet::engine
