// Who was matched with whom in one cell and one area range: what pycocotools keeps in evalImgs. match_cell computes the
// same without keeping it; a test compares the two.
//
// Thread contract: record_cell may be called from several threads.
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "eval/match.h"

namespace spinenet::eval {

inline constexpr uint32_t kNoMatch = std::numeric_limits<uint32_t>::max();

// Places are those in Annotations::annotations and in the results.
struct RecordedCell {
  std::vector<uint32_t> truths;         // [G] those that count first
  std::vector<uint8_t> truth_ignored;   // [G]
  std::vector<uint32_t> results;        // [D] by falling score
  std::vector<uint32_t> truth_match;    // [T, G] the result, or kNoMatch
  std::vector<uint32_t> result_match;   // [T, D] the truth, or kNoMatch
  std::vector<uint8_t> result_ignored;  // [T, D]
};

// Of `task` the thresholds may be more than a pass has; its areas do not matter.
RecordedCell record_cell(const MatchTask& task, const AreaLimits& range, const Cell& cell);

// The overlap of each result of the cell (by falling score, within the limit) with each truth: [D, G]. Empty where one
// of them is none.
std::vector<double> all_overlaps(const MatchTask& task, const Cell& cell);

}  // namespace spinenet::eval
