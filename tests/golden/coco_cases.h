// Random evaluation and mask cases, draw by draw the same as in make_coco_oracle.py: crowds, ignored sizes, empty
// images, no results, equal scores and overlaps, more than a hundred results, gaps and disorder in ids, boxes without
// area, masks with empty runs and of wrong size.
//
// Thread contract: functions of their arguments alone.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "eval/coco_ap.h"

namespace spinenet {

struct EvaluationCase {
  detect::Annotations annotations;
  std::vector<detect::Result> results;
  eval::CocoEvalOptions options;
};
EvaluationCase make_evaluation_case(uint64_t number);

struct MaskCase {
  int64_t height = 0, width = 0;
  std::array<std::vector<double>, 2> polygons;
};
MaskCase make_mask_case(uint64_t number);

// The sum over all 64-bit words of mix(word + mix(position)); position counts on over several calls.
class WordHash {
 public:
  void add(uint64_t word);
  void add(std::span<const double> values);
  uint64_t value() const { return sum_; }

 private:
  uint64_t position_ = 0;
  uint64_t sum_ = 0;
};

}  // namespace spinenet
