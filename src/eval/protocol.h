// What an evaluation measures: thresholds, sizes and limits. COCO's own are standard_protocol(); pycocotools' users set
// others.
//
// Thread contract: plain data.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "detect/annotations.h"

namespace spinenet::eval {

using AreaLimits = std::pair<double, double>;  // square pixels, both ends included

struct CocoProtocol {
  std::vector<double> iou_thresholds;     // T, in any order, none below 0
  std::vector<double> recall_thresholds;  // R, ascending
  std::vector<AreaLimits> area_ranges;    // A
  std::vector<int> max_detections;        // M, ascending, at least 1; per image and category
};

CocoProtocol standard_protocol();

// ErrorKind::usage for an empty list and for what the comments above exclude.
void check_protocol(const CocoProtocol& protocol);

inline bool outside(double area, const AreaLimits& range) {
  return area < range.first || area > range.second;
}

// Whether an annotation is no target in an area range.
inline bool ignored_truth(const detect::Annotation& annotation, const AreaLimits& range) {
  return annotation.crowd || outside(annotation.area, range);
}

// Row-major arrays of K categories; -1 where there is nothing to find.
struct CocoArrays {
  int64_t t = 0, r = 0, k = 0, a = 0, m = 0;
  std::vector<double> precision;  // [T, R, K, A, M]
  std::vector<double> scores;     // [T, R, K, A, M]
  std::vector<double> recall;     // [T, K, A, M]

  CocoArrays(const CocoProtocol& protocol, int64_t categories);

  size_t recall_at(int64_t threshold, int64_t category, int64_t area, int64_t limit) const {
    return static_cast<size_t>(((threshold * k + category) * a + area) * m + limit);
  }
  size_t precision_at(int64_t threshold, int64_t recall_place, int64_t category, int64_t area, int64_t limit) const {
    return recall_at(threshold * r + recall_place, category, area, limit);
  }
};

}  // namespace spinenet::eval
