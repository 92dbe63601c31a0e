// What the architecture of a detector says about its input and its anchors.
//
// Thread contract: pure functions.
#pragma once

#include <vector>

#include "arch/architecture.h"
#include "detect/anchors.h"
#include "detect/yolo_head.h"
#include "detect/yolo_targets.h"

namespace spinenet::graph {

// The side of the square input for images of `image_size`: rounded up to a multiple of the coarsest stride, where all
// levels meet. The network is lowered for it.
int input_size(int image_size, int coarsest_stride);

// The anchors of a detector's head, on its levels.
detect::AnchorOptions anchor_options(const arch::Architecture& architecture);
// The levels of a YOLO head, from the finest.
std::vector<detect::YoloLevel> yolo_levels(const arch::Architecture& architecture);
// By which its anchor cells are matched to boxes.
detect::YoloAnchors yolo_anchors(const arch::Architecture& architecture);
// The anchors of a region proposal network, on its levels.
detect::AnchorOptions proposal_anchors(const arch::Architecture& architecture);

}  // namespace spinenet::graph
