// The image within an input, as ONNX nodes: boxes are cut to it, and those of which nothing is left do not count.
//
// Thread contract: free functions on their arguments.
#pragma once

#include <string>

#include "formats/onnx/graph.h"

namespace spinenet::formats {

// The far corner of the image twice, [1, 4], from its height and width [1, 2].
std::string add_image_limits(OnnxGraph& graph, const std::string& extent);

struct OnnxCutBoxes {
  std::string boxes;  // [N, M, 4]
  std::string count;  // [N, M] truth values: finite before, with an area now, no side below `min_size`
};
OnnxCutBoxes add_cut(OnnxGraph& graph, const std::string& prefix, const std::string& boxes, const std::string& limits,
                     float min_size = 0);

}  // namespace spinenet::formats
