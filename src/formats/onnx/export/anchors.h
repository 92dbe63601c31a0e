// The anchors of an input, and the boxes that codes make of them, as ONNX nodes: make_anchors and box_coder.h's decode.
//
// Thread contract: free functions on their arguments.
#pragma once

#include <string>
#include <vector>

#include "detect/anchors.h"
#include "formats/onnx/graph.h"

namespace spinenet::formats {

// Values [.., 2] each: y and x, height and width.
struct OnnxAnchors {
  std::string centres, sizes;
};

// Constants [anchors, 2] for an input of this size, all levels one behind the other.
OnnxAnchors add_fixed_anchors(OnnxGraph& graph, const std::string& prefix, const detect::AnchorOptions& options,
                              int height, int width);

// The anchors of one level, by those of one cell.
struct OnnxGrid {
  std::string prefix;  // of the names of nodes
  int stride = 8;
  std::vector<float> sizes;  // height and width of each
  double in_cell = 0.5;      // where their middles stand in a cell, in strides
};
// [anchors, 2], made at each run for the extents of `output`, a value [N, .., H, W] of that level.
OnnxAnchors add_grid(OnnxGraph& graph, const OnnxGrid& grid, const std::string& output);

// The same of a level of `options`.
OnnxAnchors add_level_anchors(OnnxGraph& graph, const detect::AnchorOptions& options, int level,
                              const std::string& output);

// The value `name`, [N, M, 4]: x1, y1, x2, y2 of the codes [N, M, 4] and their anchors, which broadcast. Other nodes
// have names with the prefix.
std::string add_decoding(OnnxGraph& graph, const std::string& prefix, const std::string& codes,
                         const OnnxAnchors& anchors, const std::string& name);

}  // namespace spinenet::formats
