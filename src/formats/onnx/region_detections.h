// From a box head's answers to detections with masks, as ONNX nodes: detect/box_head, and the mask of each detection's
// own class.
//
// Thread contract: free functions on their arguments.
#pragma once

#include <string>

#include "detect/postprocess.h"
#include "formats/onnx/graph.h"

namespace spinenet {

struct OnnxRegionOptions {
  PostprocessOptions post;
  int64_t classes = 1;
};

struct OnnxRegionAnswers {
  std::string rois;            // [R, 4]
  std::string limits;          // formats/onnx/picture.h
  std::string classes, boxes;  // [R, K + 1, 1, 1], [R, 4 * K, 1, 1], in the order of the crops
  std::string places;          // where among the crops each region's is
};

// Afterwards there are boxes [1, D, 4], scores [1, D], labels [1, D] and count [1], which is D: as many as are found,
// at most max_detections. found.boxes and found.labels are the same, but never of none at all, because some runtimes
// take no empty arrays: where nothing is found they have one row, a box of no extent.
void add_region_detections(OnnxGraph& graph, const OnnxRegionOptions& options, const OnnxRegionAnswers& answers);

// `masks` [1, D, size, size]: probabilities of the class of each detection, from a mask head's logits
// [rows of found.labels, K, size, size] in the order of the crops.
void add_masks(OnnxGraph& graph, const std::string& logits, const std::string& places, int64_t size);

}  // namespace spinenet
