#include "formats/onnx/export/anchors.h"

#include "base/format.h"
#include "detect/box_coder.h"

namespace spinenet::formats {
namespace {

using Ints = std::vector<int64_t>;

OnnxTensor pairs(std::vector<float> values) {
  const auto rows = static_cast<int64_t>(values.size() / 2);
  return {OnnxType::f32, {rows, 2}, std::move(values), {}};
}

void append_size(const detect::Box& anchor, std::vector<float>& sizes) {
  sizes.push_back(anchor.height());
  sizes.push_back(anchor.width());
}

struct Spacing {
  int stride;
  double in_cell;  // of the anchors' middles, in strides
};

// Middles of the anchors along one axis, as a map of one column or one row.
std::string cell_centres(OnnxGraph& graph, const std::string& name, const std::string& count, Ints shape,
                         const Spacing& spacing) {
  const std::string zero = graph.constant("anchors.zero", {OnnxType::i64, {}, {}, {0}});
  const std::string one = graph.constant("anchors.one", {OnnxType::i64, {}, {}, {1}});
  const std::string cells = graph.node("Range", name + ".cells", {zero, count, one});
  const std::string as_float = graph.node("Cast", name + ".float", {cells}, {{"to", int64_t{1}}});
  const std::string middle = graph.node(
      "Add", name + ".middle", {as_float, graph.number("anchors.in_cell", static_cast<float>(spacing.in_cell))});
  const std::string pixels =
      graph.node("Mul", name + ".pixels", {middle, graph.number(name + ".stride", static_cast<float>(spacing.stride))});
  return graph.reshape(name, pixels, std::move(shape));
}

}  // namespace

OnnxAnchors add_fixed_anchors(OnnxGraph& graph, const std::string& prefix, const detect::AnchorOptions& options,
                              int height, int width) {
  std::vector<float> centres, sizes;
  for (const detect::Box& anchor : detect::make_anchors(options, height, width)) {
    centres.push_back(0.5F * (anchor.y1 + anchor.y2));
    centres.push_back(0.5F * (anchor.x1 + anchor.x2));
    append_size(anchor, sizes);
  }
  return {graph.constant(prefix + ".centres", pairs(std::move(centres))),
          graph.constant(prefix + ".sizes", pairs(std::move(sizes)))};
}

OnnxAnchors add_grid(OnnxGraph& graph, const OnnxGrid& options, const std::string& output) {
  const std::string& prefix = options.prefix;
  const auto per_cell = static_cast<int64_t>(options.sizes.size() / 2);
  const std::string extents = graph.node("Shape", prefix + ".extents", {output});
  const auto extent = [&](const std::string& name, int64_t axis) {
    const std::string at = graph.constant(name + ".axis", {OnnxType::i64, {}, {}, {axis}});
    return graph.node("Gather", name, {extents, at}, {{"axis", int64_t{0}}});
  };
  const Spacing spacing{options.stride, options.in_cell};
  const std::string rows = cell_centres(graph, prefix + ".y", extent(prefix + ".height", 2), {-1, 1, 1, 1}, spacing);
  const std::string columns = cell_centres(graph, prefix + ".x", extent(prefix + ".width", 3), {1, -1, 1, 1}, spacing);
  const std::string map = graph.gather(prefix + ".map", extents, {2, 3}, 0);
  const auto grid = [&](const std::string& name, int64_t last) {
    return graph.concat(name, {map, graph.numbers(name + ".cell", {per_cell, last})}, 0);
  };
  const std::string single = grid(prefix + ".grid", 1);
  const std::string centres = graph.concat(prefix + ".grid_centres",
                                           {graph.node("Expand", prefix + ".grid_y", {rows, single}),
                                            graph.node("Expand", prefix + ".grid_x", {columns, single})},
                                           3);
  const std::string sizes =
      graph.node("Expand", prefix + ".grid_sizes",
                 {graph.constant(prefix + ".cell", pairs(options.sizes)), grid(prefix + ".grid2", 2)});
  return {graph.reshape(prefix + ".centres", centres, {-1, 2}), graph.reshape(prefix + ".sizes", sizes, {-1, 2})};
}

OnnxAnchors add_level_anchors(OnnxGraph& graph, const detect::AnchorOptions& options, int level,
                              const std::string& output) {
  OnnxGrid grid{
      fmt::format("anchors.p{}", level), detect::stride_of(options, level), {}, detect::place_in_cell(options)};
  detect::AnchorOptions one_level = options;
  one_level.min_level = one_level.max_level = level;
  for (const detect::Box& anchor : detect::make_anchors(one_level, grid.stride, grid.stride)) {
    append_size(anchor, grid.sizes);
  }
  return add_grid(graph, grid, output);
}

std::string add_decoding(OnnxGraph& graph, const std::string& prefix, const std::string& codes,
                         const OnnxAnchors& anchors, const std::string& name) {
  const std::string axis = graph.numbers(prefix + ".axis", {2});
  const auto part = [&](const std::string& piece, int64_t from) {
    return graph.node("Slice", piece,
                      {codes, graph.numbers(piece + ".from", {from}), graph.numbers(piece + ".to", {from + 2}), axis});
  };
  const std::string moves = graph.node("Mul", prefix + ".moves", {part(prefix + ".offsets", 0), anchors.sizes});
  const std::string centres = graph.node("Add", prefix + ".centres", {anchors.centres, moves});
  const std::string cut = graph.node(
      "Min", prefix + ".cut", {part(prefix + ".scales", 2), graph.number(prefix + ".most", detect::kMaxLogScale)});
  const std::string half_sizes =
      graph.node("Mul", prefix + ".half_sizes", {anchors.sizes, graph.number(prefix + ".half", 0.5F)});
  const std::string half_extents =
      graph.node("Mul", prefix + ".half_extents", {half_sizes, graph.node("Exp", prefix + ".growth", {cut})});
  const std::string corners = graph.concat(prefix + ".corners",
                                           {graph.node("Sub", prefix + ".low", {centres, half_extents}),
                                            graph.node("Add", prefix + ".high", {centres, half_extents})},
                                           2);  // y1, x1, y2, x2
  return graph.node("Gather", name, {corners, graph.numbers(prefix + ".order", {1, 0, 3, 2})}, {{"axis", int64_t{2}}});
}

}  // namespace spinenet::formats
