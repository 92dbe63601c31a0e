// Which maps of a bf16 network are kept as bf16 values: half the memory to write and read, and what a product in matrix
// tiles takes as it is.
//
// Invariant: whatever reads or writes such a map can. Thread contract: the network is the caller's.
#pragma once

#include "engine/compile/network.h"

namespace spinenet::engine {

// Sets the formats of values that only convolutions in tiles, sums and pools write and read. The image and the outputs
// stay floats.
void choose_bf16_maps(Network& network);

}  // namespace spinenet::engine
