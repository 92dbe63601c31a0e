// The anchor cells of a YOLO head as numbers: what the outputs of each are decoded with.
//
// Thread contract: pure function.
// Source: YOLOv3 (Redmon and Farhadi 2018), section 2.1, with the scale of YOLOv4 (detect/yolo_head.h).
#pragma once

#include <array>
#include <span>
#include <vector>

#include "detect/box.h"
#include "detect/yolo_head.h"

namespace spinenet::detect {

// In the order of yolo_targets.h: x and y of the centre where the outputs are at their least, how far it moves from
// there, width and height of the anchor. In pixels of the input, whose sides are multiples of the strides.
std::vector<std::array<float, 5>> yolo_cells(std::span<const YoloLevel> levels, Extent input);

}  // namespace spinenet::detect
