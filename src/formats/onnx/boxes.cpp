#include "formats/onnx/boxes.h"

#include "base/format.h"
#include "detect/box_coder.h"

namespace spinenet {
namespace {

// [anchors, 2] each: y and x, height and width.
struct AnchorNames {
  std::string centres, sizes;
};

using Ints = std::vector<int64_t>;

OnnxTensor pairs(std::vector<float> values) {
  const auto rows = static_cast<int64_t>(values.size() / 2);
  return {OnnxType::f32, {rows, 2}, std::move(values), {}};
}

void append_size(const Box& anchor, std::vector<float>& sizes) {
  sizes.push_back(anchor.height());
  sizes.push_back(anchor.width());
}

AnchorNames fixed_anchors(OnnxGraph& graph, const OnnxBoxesOptions& options) {
  std::vector<float> centres, sizes;
  for (const Box& anchor : make_anchors(options.anchors, options.height, options.width)) {
    centres.push_back(0.5F * (anchor.y1 + anchor.y2));
    centres.push_back(0.5F * (anchor.x1 + anchor.x2));
    append_size(anchor, sizes);
  }
  return {graph.constant("anchors.centres", pairs(std::move(centres))),
          graph.constant("anchors.sizes", pairs(std::move(sizes)))};
}

// Centres of the cells along one axis, as a map of one column or one row.
std::string cell_centres(OnnxGraph& graph, const std::string& name, const std::string& count, Ints shape, int stride) {
  const std::string zero = graph.constant("anchors.zero", {OnnxType::i64, {}, {}, {0}});
  const std::string one = graph.constant("anchors.one", {OnnxType::i64, {}, {}, {1}});
  const std::string cells = graph.node("Range", name + ".cells", {zero, count, one});
  const std::string as_float = graph.node("Cast", name + ".float", {cells}, {{"to", int64_t{1}}});
  const std::string middle = graph.node("Add", name + ".middle", {as_float, graph.number("anchors.half", 0.5F)});
  const std::string pixels =
      graph.node("Mul", name + ".pixels", {middle, graph.number(name + ".stride", static_cast<float>(stride))});
  return graph.reshape(name, pixels, std::move(shape));
}

// The anchors of a level for the extents [N, .., H, W] of its output.
AnchorNames level_anchors(OnnxGraph& graph, const OnnxBoxesOptions& options, int level) {
  const std::string prefix = fmt::format("anchors.p{}", level);
  const int per_cell = anchors_per_cell(options.anchors);
  const std::string extents = graph.node("Shape", prefix + ".extents", {fmt::format("box.p{}", level)});
  const auto extent = [&](const std::string& name, int64_t axis) {
    const std::string at = graph.constant(name + ".axis", {OnnxType::i64, {}, {}, {axis}});
    return graph.node("Gather", name, {extents, at}, {{"axis", int64_t{0}}});
  };
  const std::string rows = cell_centres(graph, prefix + ".y", extent(prefix + ".height", 2), {-1, 1, 1, 1}, 1 << level);
  const std::string columns =
      cell_centres(graph, prefix + ".x", extent(prefix + ".width", 3), {1, -1, 1, 1}, 1 << level);
  const std::string map = graph.gather(prefix + ".map", extents, {2, 3}, 0);
  const auto grid = [&](const std::string& name, int64_t last) {
    return graph.concat(name, {map, graph.numbers(name + ".cell", {per_cell, last})}, 0);
  };
  const std::string single = grid(prefix + ".grid", 1);
  const std::string centres = graph.concat(prefix + ".grid_centres",
                                           {graph.node("Expand", prefix + ".grid_y", {rows, single}),
                                            graph.node("Expand", prefix + ".grid_x", {columns, single})},
                                           3);
  AnchorOptions one_level = options.anchors;
  one_level.min_level = one_level.max_level = level;
  std::vector<float> cell;
  for (const Box& anchor : make_anchors(one_level, 1 << level, 1 << level)) append_size(anchor, cell);
  const std::string sizes = graph.node("Expand", prefix + ".grid_sizes",
                                       {graph.constant(prefix + ".cell", pairs(cell)), grid(prefix + ".grid2", 2)});
  return {graph.reshape(prefix + ".centres", centres, {-1, 2}), graph.reshape(prefix + ".sizes", sizes, {-1, 2})};
}

AnchorNames made_anchors(OnnxGraph& graph, const OnnxBoxesOptions& options) {
  std::vector<std::string> centres, sizes;
  for (int level = options.anchors.min_level; level <= options.anchors.max_level; ++level) {
    const AnchorNames names = level_anchors(graph, options, level);
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

  const AnchorNames anchors = options.height > 0 ? fixed_anchors(graph, options) : made_anchors(graph, options);
  const std::string codes = all_levels(graph, options, "box", 4);
  const std::string axis = graph.numbers("box.axis", {2});
  const auto part = [&](const std::string& name, int64_t from) {
    return graph.node("Slice", name,
                      {codes, graph.numbers(name + ".from", {from}), graph.numbers(name + ".to", {from + 2}), axis});
  };
  const std::string moves = graph.node("Mul", "box.moves", {part("box.offsets", 0), anchors.sizes});
  const std::string centres = graph.node("Add", "box.centres", {anchors.centres, moves});
  const std::string cut = graph.node("Min", "box.cut", {part("box.scales", 2), graph.number("box.most", kMaxLogScale)});
  const std::string half_sizes =
      graph.node("Mul", "anchors.half_sizes", {anchors.sizes, graph.number("box.half", 0.5F)});
  const std::string halves = graph.node("Mul", "box.halves", {half_sizes, graph.node("Exp", "box.growth", {cut})});
  const std::string corners =
      graph.concat("box.corners",
                   {graph.node("Sub", "box.low", {centres, halves}), graph.node("Add", "box.high", {centres, halves})},
                   2);  // y1, x1, y2, x2
  graph.node("Gather", boxes, {corners, graph.numbers("box.order", {1, 0, 3, 2})}, {{"axis", int64_t{2}}});
}

}  // namespace spinenet
