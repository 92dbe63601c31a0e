// From matched results to the precision, recall and score arrays of an evaluation.
//
// Thread contract: accumulate_category may run for different categories at the same time on one CocoEvaluation.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "eval/match.h"

namespace spinenet::eval {

struct MatchedCells {
  const detect::Annotations* annotations = nullptr;
  const CellIndex* index = nullptr;
  std::vector<MatchedResult> results;  // as CellIndex::results; the front of each cell's part is in use
  std::vector<uint32_t> kept;          // per cell, how many
};

// Fills all of category k in arrays that hold -1.
void accumulate_category(const MatchedCells& matched, uint32_t k, CocoEvaluation& evaluation);

}  // namespace spinenet::eval
