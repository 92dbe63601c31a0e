// The number format that a model runs in where the user leaves the choice to the program.
//
// Thread contract: free functions; measuring uses as many threads as the options have.
#pragma once

#include <span>

#include "engine/compile/compile.h"
#include "graph/program.h"
#include "runtime/model.h"

namespace spinenet::runtime {

// The fastest format on this processor, by running the model's networks a few times in each, of those that it and the
// model have and whose answers were found near enough (precision_facts.h); fp32 of a model that has no record of that,
// or one of other weights. Says on the log what was taken and why. The time is that of the options as they are, but for
// the format: int8 is left out where they skip an optimisation, as its calibration is of the whole network.
engine::Precision choose_precision(const Model& model, std::span<const graph::Program> networks,
                                   const engine::CompileOptions& options);

}  // namespace spinenet::runtime
