// The second job of compile(): a place in memory for every value of a network.
//
// Thread contract: pure functions of their arguments.
#pragma once

#include <vector>

#include "engine/compile/compile.h"
#include "engine/compile/network.h"
#include "engine/compile/schedule.h"

namespace spinenet::engine {

// The map of each value. Sets what the plan says of memory: its size, which step waits for which, the padding, the
// input and the outputs. ErrorKind::unsupported when the maps need more memory than there is.
std::vector<Map> place_maps(const Network& network, const Schedule& order, const CompileOptions& options,
                            CompiledPlan& plan);

inline const Map& map_of(const std::vector<Map>& maps, int value) {
  return maps[static_cast<size_t>(value)];
}

}  // namespace spinenet::engine
