// The YOLO head of an architecture: what its empty lists stand for, and its rules.
//
// Source: YOLOv4's configuration (anchors, masks, scale_x_y); the anchors of other backbones are our own rule.
// Thread contract: pure functions.
#pragma once

#include "arch/architecture.h"

namespace spinenet::arch {

constexpr int kMaxYoloAnchors = 64, kMaxAnchorSide = 10'000;
constexpr double kDefaultScaleXy = 1.05;

// The head with no list empty. Without anchors each level has three of its own, all as large as a square of side
// 3 * 2^level pixels: that square, one twice as wide as high, and one twice as high as wide. Anchors that are not said
// to be of a level are divided evenly among the levels in their order, the first to the finest. The centre of a box
// moves by kDefaultScaleXy cells.
YoloHead complete_yolo_head(const Architecture& architecture);

// Of an architecture whose head is YOLO's: ErrorKind::bad_data, naming the level or the anchor and the rule it breaks.
void validate_yolo_head(const Architecture& architecture);

}  // namespace spinenet::arch
