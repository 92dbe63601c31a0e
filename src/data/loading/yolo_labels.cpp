#include "data/loading/yolo_labels.h"

#include <algorithm>

namespace spinenet::data {

YoloLabels label_yolo(const detect::YoloAnchors& anchors, detect::Extent input, std::span<const Target> targets,
                      float crowd_share) {
  std::vector<detect::Box> boxes, crowd;
  std::vector<int> places;  // of the boxes among the targets
  for (size_t i = 0; i < targets.size(); ++i) {
    if (targets[i].crowd) {
      crowd.push_back(targets[i].box);
    } else {
      boxes.push_back(targets[i].box);
      places.push_back(static_cast<int>(i));
    }
  }
  YoloLabels labels;
  labels.matches = detect::match_yolo(anchors, input, boxes);
  for (detect::YoloMatch& match : labels.matches) match.box = places[static_cast<size_t>(match.box)];
  labels.ignored = detect::crowded_cells(anchors, input, crowd, crowd_share);
  std::erase_if(labels.ignored, [&](int64_t cell) {
    const auto at = std::ranges::lower_bound(labels.matches, cell, {}, &detect::YoloMatch::cell);
    return at != labels.matches.end() && at->cell == cell;
  });
  return labels;
}

}  // namespace spinenet::data
