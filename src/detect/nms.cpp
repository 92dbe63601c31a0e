#include "detect/nms.h"

#include <algorithm>
#include <cmath>
#include <tuple>

namespace spinenet::detect {
namespace {

// The overlap less (d^2 / c^2)^0.6.
float overlap_less_distance(const Box& a, const Box& b) {
  const float dx = 0.5F * (a.x1 + a.x2 - b.x1 - b.x2), dy = 0.5F * (a.y1 + a.y2 - b.y1 - b.y2);
  const float width = std::max(a.x2, b.x2) - std::min(a.x1, b.x1);
  const float height = std::max(a.y2, b.y2) - std::min(a.y1, b.y1);
  const float diagonal = width * width + height * height;
  if (diagonal <= 0) return iou(a, b);
  return iou(a, b) - std::pow((dx * dx + dy * dy) / diagonal, 0.6F);
}

float overlap(NmsKind kind, const Box& a, const Box& b) {
  switch (kind) {
    case NmsKind::iou:
      return iou(a, b);
    case NmsKind::distance_iou:
      return overlap_less_distance(a, b);
  }
  return 0;
}

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
      const bool same = label(other) == label(candidate);
      if (same && ++of_class >= options.max_per_class) return true;
      return (same || options.class_agnostic) && overlap(options.kind, box(other), box(candidate)) > options.iou;
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
