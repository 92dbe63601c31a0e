#include "detect/nms.h"

#include <algorithm>
#include <cmath>
#include <tuple>

namespace spinenet::detect {
namespace {

// No labels: all boxes are of one class.
std::vector<int> suppress(std::span<const Box> boxes, std::span<const float> scores, std::span<const int> labels,
                          const NmsOptions& options) {
  const auto label = [&](int i) { return labels.empty() ? 0 : labels[static_cast<size_t>(i)]; };
  const auto score = [&](int i) { return scores[static_cast<size_t>(i)]; };
  const auto box = [&](int i) -> const Box& { return boxes[static_cast<size_t>(i)]; };
  std::vector<int> order;
  order.reserve(boxes.size());
  for (int i = 0; i < static_cast<int>(boxes.size()); ++i) {
    if (!std::isnan(score(i))) order.push_back(i);
  }
  std::sort(order.begin(), order.end(),
            [&](int a, int b) { return std::tuple(-score(a), label(a), a) < std::tuple(-score(b), label(b), b); });
  std::vector<int> kept;
  for (const int candidate : order) {
    if (static_cast<int>(kept.size()) >= options.max_kept) break;
    int of_class = 0;
    const bool covered = std::any_of(kept.begin(), kept.end(), [&](int other) {
      if (label(other) != label(candidate)) return false;
      return ++of_class >= options.max_per_class || iou(box(other), box(candidate)) > options.iou;
    });
    if (!covered) kept.push_back(candidate);
  }
  return kept;
}

}  // namespace

std::vector<int> nms(std::span<const Box> boxes, std::span<const float> scores, float iou_threshold, int max_kept) {
  return suppress(boxes, scores, {}, {.iou = iou_threshold, .max_kept = max_kept});
}

std::vector<int> nms_by_class(std::span<const Box> boxes, std::span<const float> scores, std::span<const int> labels,
                              float iou_threshold, int max_kept) {
  return suppress(boxes, scores, labels, {.iou = iou_threshold, .max_kept = max_kept});
}

std::vector<Detection> detections_by_class(std::span<const Box> boxes, std::span<const float> scores,
                                           std::span<const int> labels, const NmsOptions& options) {
  std::vector<Detection> detections;
  for (const int kept : suppress(boxes, scores, labels, options)) {
    const auto i = static_cast<size_t>(kept);
    detections.push_back({boxes[i], labels[i], scores[i]});
  }
  return detections;
}

}  // namespace spinenet::detect
