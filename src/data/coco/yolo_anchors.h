// Anchors of a YOLO head that fit the boxes of a data set.
//
// Each level gets the boxes whose side, the root of the area in pixels of the input, is below kLevelSide strides and
// not already a finer level's; the coarsest one also gets the larger ones. Its anchors become the centres of as many
// clusters of these boxes (k-means, where the distance is 1 less the overlap of two boxes with one centre), in the
// order of their areas. A level with fewer than kBoxesForAnchor boxes for each anchor keeps the anchors that it has. So
// no anchor is without a level, as YOLOv4-tiny's first one is.
//
// The same annotations give the same anchors. Thread contract: pure functions.
// Source: YOLO9000 (Redmon and Farhadi 2017), section 2, "Dimension Clusters", for all levels together; that a level
// takes the boxes of its own size is our rule: anchors of 3 to 6 strides are also those of RetinaNet, section 4.
#pragma once

#include <vector>

#include "detect/annotations.h"
#include "detect/yolo_head.h"

namespace spinenet::data {

constexpr float kLevelSide = 6;
constexpr size_t kBoxesForAnchor = 10;

struct FittedAnchors {
  std::vector<detect::YoloLevel> levels;
  std::vector<size_t> boxes;  // of each level
  std::vector<bool> fitted;   // each level: whether it has other anchors now
};

// `levels` from the finest; images are scaled so that their longer side has image_size pixels.
FittedAnchors fit_yolo_anchors(const detect::Annotations& annotations, int image_size,
                               std::vector<detect::YoloLevel> levels);

}  // namespace spinenet::data
