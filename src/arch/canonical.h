// When two backbones are the same network: a text and a hash that do not depend on the order in which blocks are listed
// or parents are named. A search counts networks, not listings, with them.
//
// Invariant: the texts are equal exactly when one listing becomes the other by renumbering its blocks, the stem staying
// in place: levels, kinds, outputs, pairs of parents and joined unused blocks all agree. Rates of stochastic depth,
// which grow with a block's place in the listing, are no part of it.
// Thread contract: pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "arch/architecture.h"

namespace spinenet::arch {

// For each block, stem included, the unused blocks that join it as they are: an output block takes every earlier block
// of its own level and channels that has no child so far. Which ones depends on the order of the listing.
std::vector<std::vector<int>> joined_unused_blocks(const ScalePermuted& backbone);

// The blocks in an order that depends on the network alone, parents first; "L5b(7,12+11)o" is a bottleneck of level 5
// with parents 7 and 12, joined by 11, that is an output. ErrorKind::bad_data when a parent is not an earlier block.
std::string canonical_text(const ScalePermuted& backbone);
uint64_t canonical_hash(const ScalePermuted& backbone);

}  // namespace spinenet::arch
