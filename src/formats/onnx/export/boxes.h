// Boxes and scores of all anchors, from the raw outputs of a RetinaNet head: box_coder.h's decoding and the sigmoid, as
// ONNX nodes.
//
// Thread contract: free functions on their arguments.
#pragma once

#include <string>

#include "detect/anchors.h"
#include "formats/onnx/graph.h"

namespace spinenet::formats {

struct OnnxBoxesOptions {
  detect::AnchorOptions anchors;
  int classes = 1;
  int height = 0, width = 0;  // of the input; 0: the anchors are made at each run, for the size that comes
};

// Reads class.p3.. and box.p3... Afterwards there are `boxes` [N, anchors, 4] (x1, y1, x2, y2 in pixels of the input,
// not clipped) and `scores` [N, anchors, classes], the anchors in make_anchors' order.
void add_boxes(OnnxGraph& graph, const OnnxBoxesOptions& options, const std::string& boxes, const std::string& scores);

}  // namespace spinenet::formats
