// From the answers of a box head, or of a cascade of them, to detections with masks, as ONNX nodes: detect/box_head,
// and the mask of each detection's own class.
//
// Thread contract: free functions on their arguments.
#pragma once

#include <string>
#include <vector>

#include "detect/postprocess.h"
#include "formats/onnx/graph.h"

namespace spinenet::formats {

struct OnnxRegionOptions {
  detect::PostprocessOptions post;
  int64_t classes = 1;
};

// Of one box head.
struct OnnxBoxAnswers {
  std::string classes, boxes;  // [R, K + 1, 1, 1], [R, 4 * boxes_of_roi, 1, 1], in the order of the crops
  std::string places;          // where among the crops each region's is
};

struct OnnxRegionAnswers {
  std::string rois;                   // [R, 4], of the last head
  std::string limits;                 // formats/onnx/export/image_limits.h
  std::vector<OnnxBoxAnswers> heads;  // in turn
};

// The value `name`, [R, 4]: refine_rois of what the head at this place says of `rois`.
void add_next_rois(OnnxGraph& graph, const OnnxBoxAnswers& answers, size_t stage, const std::string& rois,
                   const std::string& limits, const std::string& name);

// Afterwards there are boxes [1, D, 4], scores [1, D], labels [1, D] and count [1], which is D: as many as are found,
// at most max_detections. found.boxes and found.labels are the same, but never of none at all, because some runtimes
// take no empty arrays: where nothing is found they have one row, a box of no extent.
void add_region_detections(OnnxGraph& graph, const OnnxRegionOptions& options, const OnnxRegionAnswers& answers);

// `masks` [1, D, size, size]: probabilities of the class of each detection, from a mask head's logits
// [rows of found.labels, K, size, size] in the order of the crops.
void add_masks(OnnxGraph& graph, const std::string& logits, const std::string& places, int64_t size);

}  // namespace spinenet::formats
