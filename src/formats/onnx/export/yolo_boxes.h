// Boxes and scores of all anchors, from the raw outputs of a YOLO head: detect/yolo_head.h's decoding, as ONNX nodes.
//
// Thread contract: free functions on their arguments.
#pragma once

#include <span>
#include <string>

#include "detect/yolo_head.h"
#include "formats/onnx/graph.h"

namespace spinenet::formats {

struct OnnxYoloOptions {
  std::span<const detect::YoloLevel> levels;
  int min_level = 3;
  int classes = 1;
};

// Reads yolo.p3... Afterwards there are `boxes` [N, anchors, 4] (x1, y1, x2, y2 in pixels of the input, not clipped)
// and `scores` [N, anchors, classes], the anchors in the order of level, row, column, anchor of the cell.
void add_yolo_boxes(OnnxGraph& graph, const OnnxYoloOptions& options, const std::string& boxes,
                    const std::string& scores);

}  // namespace spinenet::formats
