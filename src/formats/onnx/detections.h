// The best boxes after non-maximum suppression, as ONNX nodes: the same selection as detect/postprocess.
//
// Runtimes differ in how their NonMaxSuppression treats equal scores and a score at the threshold, and in the order of
// what they return. So it is given ranks instead of scores: TopK orders the candidates by score, then class, then
// anchor (its rule for equal values is the lower index, and candidates stand class by class); a candidate's rank is its
// place in that order from the end, all different, and those that do not count are below the threshold of 0 by a whole
// number. What the operator keeps is put back into the order of the candidates.
//
// Thread contract: a free function on its arguments.
#pragma once

#include <string>

#include "detect/postprocess.h"
#include "formats/onnx/graph.h"

namespace spinenet {

struct OnnxDetectionsOptions {
  PostprocessOptions post;
  int classes = 1;
  int64_t anchors = 0;  // of a picture; 0: known at each run
};

// Reads `all_boxes` and `all_scores` as add_boxes leaves them. Afterwards there are, with D = max_detections,
// boxes [N, D, 4], scores [N, D], labels [N, D] (index into the classes) and count [N]; rows from `count` on are
// 0, 0 and -1.
void add_detections(OnnxGraph& graph, const OnnxDetectionsOptions& options, const std::string& all_boxes,
                    const std::string& all_scores);

}  // namespace spinenet
