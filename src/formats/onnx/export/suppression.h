// Non-maximum suppression of candidates in a known order, as ONNX nodes.
//
// Runtimes differ in how their NonMaxSuppression treats equal scores and a score at the threshold, and in the order of
// what they return. So it is given ranks instead of scores: a candidate's rank is its place in the order from the end,
// all different, and those that do not count are below the threshold of 0 by an integer. What the operator keeps
// is put back into the order of the candidates.
//
// Thread contract: free functions on their arguments.
#pragma once

#include <string>

#include "formats/onnx/graph.h"

namespace spinenet::formats {

// Candidates of an image in descending order.
struct OnnxSuppression {
  std::string boxes;   // [N, M, 4]
  std::string labels;  // [N, M]: candidates of different labels do not suppress each other
  std::string ranks;   // [N, M]: M for the first down to 1 for the last; -1 for one that does not count
  int64_t classes = 1;
  float iou = 0;
  int64_t most = 0;  // kept of each class
};

// [N, M]: the rank of what is kept, 0 elsewhere.
std::string add_suppression(OnnxGraph& graph, const std::string& prefix, const OnnxSuppression& candidates);

// [M]: M, M - 1, .. 1 as floats, for M as a value [1].
std::string add_places(OnnxGraph& graph, const std::string& prefix, const std::string& count);

// [N, M] truth values: whether all four numbers of a box are finite.
std::string add_finite(OnnxGraph& graph, const std::string& prefix, const std::string& boxes);

}  // namespace spinenet::formats
