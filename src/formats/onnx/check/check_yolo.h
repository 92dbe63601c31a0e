// Outputs of a YOLO head that no network gave, and what detect/yolo_head.h makes of them: the oracle for the part of an
// ONNX file that follows the network.
//
// Thread contract: pure functions.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "detect/yolo_head.h"
#include "formats/onnx/check/check_heads.h"

namespace spinenet::formats {

struct YoloHeadOptions {
  std::span<const detect::YoloLevel> levels;
  int min_level = 3;
  int classes = 1;
  int height = 0, width = 0;  // of the input
  int64_t batch = 1;
};

// yolo.p3..: the order of the outputs.
std::vector<std::string> yolo_names(const YoloHeadOptions& options);
// Noise.
Heads made_up_yolo(const YoloHeadOptions& options, uint64_t seed);
AllBoxes all_boxes(const Heads& heads, const YoloHeadOptions& options);

}  // namespace spinenet::formats
