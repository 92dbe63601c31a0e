// What the anchor cells of a YOLO head have to learn from an image: which of them learn which of its objects, and which
// learn nothing at all.
//
// Invariant: matches are in the order of detect::match_yolo, and their boxes are indices into the image's targets,
// never of a crowd region. ignored is ascending and has no anchor cell that a match has: crowd regions are never
// learned as objects, they make the anchor cells ignored whose anchors lie mostly within one (see labels.h for
// RetinaNet). Thread contract: pure function.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "data/loading/dataset.h"
#include "detect/yolo_targets.h"

namespace spinenet::data {

struct YoloLabels {
  std::vector<detect::YoloMatch> matches;
  std::vector<int64_t> ignored;  // anchor cells

  bool operator==(const YoloLabels&) const = default;
};

// `crowd_share` as in LabelOptions.
YoloLabels label_yolo(const detect::YoloAnchors& anchors, detect::Extent input, std::span<const Target> targets,
                      float crowd_share = 0.5F);

}  // namespace spinenet::data
