// Greedy non-maximum suppression: boxes in descending order of score, each dropped if it overlaps one already kept by
// more than the threshold.
//
// The order is total, so the result is the same everywhere: score, then class, then index. A box whose score is not a
// number is never kept. Returned indices are in that order.
// Thread contract: pure functions.
#pragma once

#include <limits>
#include <span>
#include <vector>

#include "base/enum_names.h"
#include "detect/box.h"
#include "detect/detections.h"

namespace spinenet::detect {

std::vector<int> nms(std::span<const Box> boxes, std::span<const float> scores, float iou_threshold, int max_kept);

// Boxes of different classes do not suppress each other; max_kept counts all classes together.
std::vector<int> nms_by_class(std::span<const Box> boxes, std::span<const float> scores, std::span<const int> labels,
                              float iou_threshold, int max_kept);

// What is compared with the threshold: the overlap; or, Darknet's rule for YOLO ("greedynms"), the overlap less
// (d^2 / c^2)^0.6, where d is the distance of the centres and c the diagonal of the box around both, so that boxes of
// neighbouring objects stay.
enum class NmsKind { iou, distance_iou };
constexpr auto names(NmsKind) {
  using enum NmsKind;
  return named<NmsKind>({{iou, "iou"}, {distance_iou, "distance_iou"}});
}

struct NmsOptions {
  float iou = 0.5F;
  int max_kept = 100;
  int max_per_class = std::numeric_limits<int>::max();
  NmsKind kind = NmsKind::iou;
  bool class_agnostic = false;  // boxes of different classes suppress each other, too
};

// The detections that nms_by_class keeps, in its order, of each class at most so many.
std::vector<Detection> detections_by_class(std::span<const Box> boxes, std::span<const float> scores,
                                           std::span<const int> labels, const NmsOptions& options);

}  // namespace spinenet::detect
