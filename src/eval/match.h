// Results of a cell matched with its truths, at every IoU threshold and in every area range at once: in order of score,
// each takes the free truth it overlaps most; truths that do not count (crowd, outside the area range) come last.
//
// Thread contract: match_cell may run for different cells at the same time.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "eval/coco_ap.h"

namespace spinenet::eval {

// Bit t stands for IoU threshold t.
struct MatchBits {
  std::array<uint16_t, kAreaRangeCount> matched{};
  std::array<uint16_t, kAreaRangeCount> ignored{};
};

struct MatchedResult {
  double score = 0;
  MatchBits bits;
};

struct MatchTask {
  OverlapQuestion question;
  size_t limit = 100;         // results per cell
  bool area_of_boxes = true;  // else of masks
};

// Whether an annotation is no target in an area range.
bool ignored_truth(const detect::Annotation& annotation, AreaRange range);

// Writes the cell's kept results by falling score to the front of `out` (as long as the cell's results); returns how
// many.
uint32_t match_cell(const MatchTask& task, const Cell& cell, std::span<MatchedResult> out);

}  // namespace spinenet::eval
