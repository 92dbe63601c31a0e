#include "data/loading/labels.h"

#include <algorithm>

#include "detect/box_coder.h"

namespace spinenet::data {

AnchorLabels label_anchors(std::span<const detect::Box> anchors, std::span<const Target> targets,
                           const LabelOptions& options) {
  std::vector<detect::Box> boxes;
  std::vector<int32_t> box_labels;
  std::vector<detect::Box> crowd;
  for (const Target& target : targets) {
    if (target.crowd) {
      crowd.push_back(target.box);
    } else {
      boxes.push_back(target.box);
      box_labels.push_back(target.label);
    }
  }
  AnchorLabels labels;
  labels.classes = detect::match(anchors, boxes, options.match);
  detect::ignore_crowd(anchors, crowd, labels.classes, options.crowd_share);
  labels.codes.resize(anchors.size() * 4);
  for (size_t i = 0; i < anchors.size(); ++i) {
    if (labels.classes[i] < 0) continue;
    const auto matched = static_cast<size_t>(labels.classes[i]);
    const detect::BoxCode code = detect::encode(boxes[matched], anchors[i]);
    std::ranges::copy(code, labels.codes.begin() + static_cast<std::ptrdiff_t>(i * 4));
    labels.classes[i] = box_labels[matched];
    ++labels.positives;
  }
  return labels;
}

}  // namespace spinenet::data
