#include "formats/onnx/export/image_limits.h"

#include "formats/onnx/export/suppression.h"

namespace spinenet::formats {

std::string add_image_limits(OnnxGraph& graph, const std::string& extent) {
  return graph.gather("image.limits", extent, {1, 0, 1, 0}, 1);
}

OnnxCutBoxes add_cut(OnnxGraph& graph, const std::string& prefix, const std::string& boxes, const std::string& limits,
                     float min_size) {
  const std::string finite = add_finite(graph, prefix, boxes);
  const std::string zero = graph.number(prefix + ".zero", 0);
  const std::string low = graph.node("Max", prefix + ".from_zero", {boxes, zero});
  const std::string cut = graph.node("Min", prefix + ".cut_boxes", {low, limits});
  const std::string sides = graph.node(
      "Sub", prefix + ".sides",
      {graph.gather(prefix + ".far_corners", cut, {2, 3}, 2), graph.gather(prefix + ".near_corners", cut, {0, 1}, 2)});
  const std::string shorter = graph.node("ReduceMin", prefix + ".shorter", {sides},
                                         {{"axes", std::vector<int64_t>{2}}, {"keepdims", int64_t{0}}});
  std::string large = graph.node("Greater", prefix + ".has_area", {shorter, zero});
  if (min_size > 0) {
    const std::string long_enough =
        graph.node("GreaterOrEqual", prefix + ".long_enough", {shorter, graph.number(prefix + ".min_size", min_size)});
    large = graph.node("And", prefix + ".large", {large, long_enough});
  }
  return {cut, graph.node("And", prefix + ".usable", {finite, large})};
}

}  // namespace spinenet::formats
