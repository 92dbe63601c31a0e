// The order in which the nodes of a Network run, and which of them run together: convolutions that share their weights
// over the levels of a pyramid are one step.
//
// Thread contract: pure functions.
#pragma once

#include <vector>

#include "engine/compile/network.h"

namespace spinenet::engine {

using Schedule = std::vector<std::vector<int>>;  // steps of node indices

// Every node once, after those that it reads. Of the orders tried, the one that needs the least memory.
Schedule schedule(const Network& network, bool share_weights);

// A buffer for each value and the steps in which it is alive; `buffer_of` gives -1 for values that nobody writes. An
// output takes the buffer of a term that is read for the last time where it is written element by element.
struct Liveness {
  std::vector<int> buffer_of;  // value -> buffer
  std::vector<int> first, last;
};
Liveness liveness(const Network& network, const Schedule& schedule);

}  // namespace spinenet::engine
