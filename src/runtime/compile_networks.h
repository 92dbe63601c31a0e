// The networks of a model in the engine.
//
// Thread contract: free functions on their arguments.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "base/tensor_view.h"
#include "engine/compile/compile.h"
#include "graph/forward.h"
#include "graph/program.h"
#include "runtime/model.h"

namespace spinenet::runtime {

using NetworkPlans = std::vector<std::shared_ptr<const engine::CompiledPlan>>;

// Each network with its part of the weights. `options.batch` is that of the first one, which takes images; heads take
// crops, in batches of their own. `calibrations`: one for each network, in their order; needed for int8 alone.
NetworkPlans compile_networks(std::span<const graph::Program> networks, const WeightViews& weights,
                              engine::CompileOptions options, std::span<const engine::Calibration> calibrations = {});
// The same with the weights of a model, which has them no longer.
NetworkPlans compile_networks(std::span<const graph::Program> networks, Model& model, engine::CompileOptions options,
                              std::span<const engine::Calibration> calibrations = {});

// A single network in the engine, in fp32.
graph::Forward engine_forward_of(const graph::Program& program, const Weights& weights, int threads);

}  // namespace spinenet::runtime
