// Results of a cell matched with its truths, at up to 16 IoU thresholds and in up to four area ranges at once (more
// take several passes): in order of score, each takes the free truth it overlaps most; truths that do not count (crowd,
// outside the area range) come last.
//
// Thread contract: match_cell may run for different cells at the same time, each thread with a MatchSpace of its own.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "eval/overlap.h"
#include "eval/protocol.h"

namespace spinenet::eval {

inline constexpr size_t kPassThresholds = 16;
inline constexpr size_t kPassAreas = 4;
// An IoU threshold of 1 asks for no more: equal boxes overlap by a little less than 1 in floating point.
inline constexpr double kHighestThreshold = 1 - 1e-10;

// Bit t stands for IoU threshold t of the pass.
struct MatchBits {
  std::array<uint16_t, kPassAreas> matched{};
  std::array<uint16_t, kPassAreas> ignored{};
};

struct MatchedResult {
  double score = 0;
  MatchBits bits;
};

struct MatchTask {
  OverlapQuestion question;
  std::vector<double> thresholds;          // at most kPassThresholds
  std::vector<AreaLimits> areas;           // at most kPassAreas
  size_t limit = 100;                      // results per cell
  bool area_of_boxes = true;               // else of masks
  std::span<const double> result_areas{};  // where given, they count instead

  uint16_t every_threshold() const { return static_cast<uint16_t>((1U << thresholds.size()) - 1); }
};

// The size of a result, by its place among the results.
double result_area(const MatchTask& task, uint32_t at);

// One truth of the cell, with bit t of `taken[a]` for area range a and threshold t.
struct MatchTarget {
  bool crowd = false;
  bool counts_as_match = true;
  std::array<bool, kPassAreas> ignored{};
  std::array<uint16_t, kPassAreas> taken{};
};

// Where match_cell works. Used again from cell to cell: most cells hold one or two results, and memory of their own
// would cost more than matching them.
struct MatchSpace {
  std::vector<uint32_t> kept;
  CellOverlaps overlaps;
  std::vector<MatchTarget> targets;
  std::vector<Overlap> ordered;
};

// Writes the cell's kept results by falling score to the front of `out` (as long as the cell's results); returns how
// many.
uint32_t match_cell(const MatchTask& task, const Cell& cell, MatchSpace& space, std::span<MatchedResult> out);

}  // namespace spinenet::eval
