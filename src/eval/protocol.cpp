#include "eval/protocol.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/format.h"
#include "eval/coco_ap.h"

namespace spinenet::eval {
namespace {

[[noreturn]] void refuse(std::string_view what) {
  fail(ErrorKind::usage, what, "evaluation");
}

}  // namespace

CocoProtocol standard_protocol() {
  CocoProtocol protocol;
  const auto ious = iou_thresholds();
  const auto recalls = recall_thresholds();
  protocol.iou_thresholds.assign(ious.begin(), ious.end());
  protocol.recall_thresholds.assign(recalls.begin(), recalls.end());
  for (const AreaRange range : {AreaRange::all, AreaRange::small, AreaRange::medium, AreaRange::large}) {
    protocol.area_ranges.push_back(limits(range));
  }
  protocol.max_detections = {1, 10, 100};
  return protocol;
}

void check_protocol(const CocoProtocol& protocol) {
  const auto& [ious, recalls, areas, most] = protocol;
  if (ious.empty() || recalls.empty() || areas.empty() || most.empty()) {
    refuse(fmt::format("there are {} IoU thresholds, {} recall thresholds, {} area ranges and {} limits of detections",
                       ious.size(), recalls.size(), areas.size(), most.size()));
  }
  const auto below = [](double value) { return !(value >= 0); };
  if (std::any_of(ious.begin(), ious.end(), below)) refuse("an IoU threshold is below 0");
  const auto falls = [](double a, double b) { return !(a <= b); };
  const bool ascending = std::adjacent_find(recalls.begin(), recalls.end(), falls) == recalls.end();
  if (!ascending || std::isnan(recalls.front())) refuse("the recall thresholds do not ascend");
  if (!std::is_sorted(most.begin(), most.end()) || most.front() < 1) {
    refuse("the limits of detections do not ascend from 1 or more");
  }
}

CocoArrays::CocoArrays(const CocoProtocol& protocol, int64_t categories)
    : t(static_cast<int64_t>(protocol.iou_thresholds.size())),
      r(static_cast<int64_t>(protocol.recall_thresholds.size())),
      k(categories),
      a(static_cast<int64_t>(protocol.area_ranges.size())),
      m(static_cast<int64_t>(protocol.max_detections.size())) {
  precision.assign(static_cast<size_t>(t * r * k * a * m), -1.0);
  scores.assign(precision.size(), -1.0);
  recall.assign(static_cast<size_t>(t * k * a * m), -1.0);
}

}  // namespace spinenet::eval
