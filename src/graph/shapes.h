// The shape that an operation gives for the shapes of its inputs.
//
// Thread contract: pure functions. Source: the definitions in program.h.
#pragma once

#include <span>
#include <string_view>

#include "graph/program.h"

namespace spinenet::graph {

// Only convolutions look at `filters`, the number of channels that they give. ErrorKind::bad_data naming `op` when the
// shapes do not fit.
Shape output_shape(const OpKind& kind, std::span<const Shape> inputs, int64_t filters, std::string_view op);

}  // namespace spinenet::graph
