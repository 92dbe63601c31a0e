#include "formats/onnx/export/boxes.h"

#include "base/format.h"
#include "formats/onnx/export/anchors.h"

namespace spinenet::formats {
namespace {

OnnxAnchors made_anchors(OnnxGraph& graph, const OnnxBoxesOptions& options) {
  std::vector<std::string> centres, sizes;
  for (int level = options.anchors.min_level; level <= options.anchors.max_level; ++level) {
    const OnnxAnchors names = add_level_anchors(graph, options.anchors, level, fmt::format("box.p{}", level));
    centres.push_back(names.centres);
    sizes.push_back(names.sizes);
  }
  return {graph.concat("anchors.centres", centres, 0), graph.concat("anchors.sizes", sizes, 0)};
}

// The outputs `kind`.p3.. [N, cell * last, H, W] of all levels as one [N, anchors, last].
std::string all_levels(OnnxGraph& graph, const OnnxBoxesOptions& options, const std::string& kind, int64_t last) {
  std::vector<std::string> levels;
  for (int level = options.anchors.min_level; level <= options.anchors.max_level; ++level) {
    const std::string name = fmt::format("{}.p{}", kind, level);
    const std::string moved = graph.transpose(name + ".moved", name, {0, 2, 3, 1});
    levels.push_back(graph.reshape(name + ".rows", moved, {0, -1, last}));
  }
  return graph.concat(kind + ".all", levels, 1);
}

}  // namespace

void add_boxes(OnnxGraph& graph, const OnnxBoxesOptions& options, const std::string& boxes, const std::string& scores) {
  graph.node("Sigmoid", scores, {all_levels(graph, options, "class", options.classes)});

  const OnnxAnchors anchors = options.height > 0
                                  ? add_fixed_anchors(graph, "anchors", options.anchors, options.height, options.width)
                                  : made_anchors(graph, options);
  const std::string codes = all_levels(graph, options, "box", 4);
  add_decoding(graph, "box", codes, anchors, boxes);
}

}  // namespace spinenet::formats
