// The third job of compile(): a step for each group of nodes, with the way in which each convolution is computed.
//
// Thread contract: a pure function of its arguments, except for what the measurement of a convolution takes.
#pragma once

#include <vector>

#include "engine/compile/choose_convolution.h"
#include "engine/compile/network.h"
#include "engine/compile/prepare_weights.h"
#include "engine/compile/schedule.h"

namespace spinenet::engine {

// A network with a place for each of its values.
struct PlacedNetwork {
  const Network& network;
  const Schedule& order;
  const std::vector<Map>& maps;
};

// Appends the steps to the plan, without their weights, and sets the scratch that they need. Gives the steps that have
// weights. ErrorKind::unsupported for a transposed convolution whose windows overlap.
std::vector<WeightUse> make_steps(const PlacedNetwork& placed, Precision precision, ConvChooser& chooser,
                                  CompiledPlan& plan);

}  // namespace spinenet::engine
