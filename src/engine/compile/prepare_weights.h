// The last job of compile(): packs the weights of all steps into the plan.
//
// All convolutions share one stretch of memory, in the order in which steps read it: what a product asks for beyond its
// own weights is mostly what the next one begins with. Weights that several steps use in one way are packed once, and
// not at all where they are found kept from before (packed_weights.h).
// Thread contract: a pure function of its arguments; it uses as many threads as the plan has.
#pragma once

#include <functional>
#include <vector>

#include "base/tensor_view.h"
#include "engine/compile/compile.h"
#include "engine/plan/plan.h"
#include "graph/program.h"

namespace spinenet::engine {

// A step that has weights, and the parameter that they are.
struct WeightUse {
  size_t step = 0;
  graph::ParameterId parameter = 0;
};

struct WeightsToPrepare {
  const graph::Program& program;
  const WeightViews& weights;
  const std::vector<WeightUse>& uses;  // in the order of the steps
  std::function<void()> check;         // called before any is packed
};

// Sets the weights of those steps, and what follows the sums of int8 convolutions.
void prepare_weights(const WeightsToPrepare& given, const CompileOptions& options, CompiledPlan& plan);

}  // namespace spinenet::engine
