// From matched results to the precision, recall and score arrays of an evaluation.
//
// Thread contract: accumulate_category may run for different categories at the same time on one CocoArrays.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "eval/match.h"

namespace spinenet::eval {

// Of one pass.
struct MatchedCells {
  const MatchTask* task = nullptr;
  const CellIndex* index = nullptr;
  std::vector<MatchedResult> results;  // as CellIndex::results; the front of each cell's part is in use
  std::vector<uint32_t> kept;          // per cell, how many
};

// Where the thresholds and area ranges of a pass begin among those of the protocol.
struct PassPlace {
  size_t first_threshold = 0, first_area = 0;
};

// Fills what the pass says of category k in arrays that hold -1.
void accumulate_category(const MatchedCells& matched, const CocoProtocol& protocol, const PassPlace& pass, uint32_t k,
                         CocoArrays& arrays);

}  // namespace spinenet::eval
