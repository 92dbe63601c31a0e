// Which class was taken for which. Within an image, results of at least a given score take, best score first and
// whatever their class, the free annotation they overlap most; of equal overlaps one of their own class, then the
// first.
//
// Results that match nothing but lie in a crowd region are left out, and crowd regions are nothing to find.
// Thread contract: confusion_matrix starts `threads` of its own.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "detect/annotations.h"
#include "detect/detections.h"
#include "eval/overlap.h"

namespace spinenet::eval {

struct ConfusionOptions {
  IouType iou = IouType::bbox;
  double iou_threshold = 0.5;
  double score_threshold = 0.3;
  int threads = 0;  // 0: all cores this process may use
};

// Rows are the truth, columns what was found; the last row holds false alarms, the last column misses.
struct ConfusionMatrix {
  std::vector<int64_t> category_ids;  // ascending
  std::vector<std::string> names;
  std::vector<int64_t> counts;  // [K + 1, K + 1]

  size_t side() const { return category_ids.size() + 1; }
  int64_t at(size_t truth, size_t found) const { return counts[truth * side() + found]; }
};

// ErrorKind::bad_data as for evaluate_coco; ErrorKind::usage when iou_threshold is not above 0 and at most 1.
ConfusionMatrix confusion_matrix(const detect::Annotations& annotations, std::span<const detect::Result> results,
                                 const ConfusionOptions& options = {});

}  // namespace spinenet::eval
