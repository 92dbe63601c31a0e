// Outputs of a RetinaNet head that no network gave, and what our own post-processing makes of them: the oracle for the
// part of an ONNX file that follows the network.
//
// Thread contract: pure functions.
#pragma once

#include <string>
#include <vector>

#include "base/host_tensor.h"
#include "detect/anchors.h"
#include "detect/postprocess.h"
#include "formats/onnx/interpreter/run.h"

namespace spinenet::formats {

struct HeadOptions {
  detect::AnchorOptions anchors;
  detect::PostprocessOptions post;
  int classes = 1;
  int height = 0, width = 0;  // of the input
  int64_t batch = 1;
};

struct Heads {
  OnnxValues values;  // class.p3.., box.p3..
};

// class.p3.., then box.p3..: the order of a detector's outputs.
std::vector<std::string> raw_names(const detect::AnchorOptions& anchors);

// In some cells of each level most boxes pass the threshold, in two classes; many scores are equal. A single image has
// few such cells, of several images every other one has many.
Heads made_up_heads(const HeadOptions& options, uint64_t seed);
// The same, of a seed at which no overlap comes so close to the IoU threshold that rounding could decide.
Heads clear_heads(const HeadOptions& options);

std::vector<detect::Detection> detections_of(const Heads& heads, const HeadOptions& options, int64_t image);

struct AllBoxes {
  HostTensor boxes, scores;  // [N, anchors, 4], [N, anchors, classes]
};
AllBoxes all_boxes(const Heads& heads, const HeadOptions& options);

}  // namespace spinenet::formats
