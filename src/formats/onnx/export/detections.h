// The best boxes after non-maximum suppression, as ONNX nodes: the same selection as detect/postprocess.
//
// Candidates are ordered by TopK: by score, then class, then anchor (its rule for equal values is the lower index, and
// candidates stand class by class). What follows is formats/onnx/export/suppression.h.
//
// Thread contract: a free function on its arguments.
#pragma once

#include <string>

#include "detect/postprocess.h"
#include "formats/onnx/graph.h"

namespace spinenet::formats {

struct OnnxDetectionsOptions {
  detect::PostprocessOptions post;
  int classes = 1;
  int64_t anchors = 0;  // of an image; 0: known at each run
};

// Reads `all_boxes` and `all_scores` as add_boxes leaves them. Afterwards there are, with D = max_detections,
// boxes [N, D, 4], scores [N, D], labels [N, D] (index into the classes) and count [N]; rows from `count` on are
// 0, 0 and -1.
void add_detections(OnnxGraph& graph, const OnnxDetectionsOptions& options, const std::string& all_boxes,
                    const std::string& all_scores);

}  // namespace spinenet::formats
