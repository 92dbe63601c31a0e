#include "formats/onnx/export/yolo_boxes.h"

#include "base/format.h"
#include "formats/onnx/export/anchors.h"

namespace spinenet::formats {
namespace {

// Of one level: [N, anchors, 4] and [N, anchors, classes].
struct OnnxLevel {
  std::string boxes, scores;
};

class YoloDecoding {
 public:
  YoloDecoding(OnnxGraph& graph, int classes) : graph_(graph), classes_(classes) {}

  OnnxLevel add(const std::string& output, const detect::YoloLevel& level) {
    const std::string moved = graph_.transpose(output + ".moved", output, {0, 2, 3, 1});
    const std::string rows = graph_.reshape(output + ".rows", moved, {0, -1, detect::kYoloBoxChannels + classes_});
    const std::string object = sigmoid(output + ".objectness", part(output + ".object", rows, 4, 5));
    const std::string labels =
        sigmoid(output + ".classes", part(output + ".labels", rows, 5, detect::kYoloBoxChannels + classes_));
    return {corners(output, rows, level), graph_.node("Mul", output + ".scores", {labels, object})};
  }

 private:
  std::string sigmoid(const std::string& name, const std::string& x) { return graph_.node("Sigmoid", name, {x}); }

  std::string part(const std::string& name, const std::string& rows, int64_t from, int64_t to) {
    return graph_.node("Slice", name,
                       {rows, graph_.numbers(name + ".from", {from}), graph_.numbers(name + ".to", {to}),
                        graph_.numbers("yolo.axis", {2})});
  }

  // Everything is y before x until the corners are there, as in OnnxAnchors.
  std::string corners(const std::string& output, const std::string& rows, const detect::YoloLevel& level) {
    OnnxGrid grid{output + ".anchors", level.stride, {}};
    for (const auto& [width, height] : level.anchors) grid.sizes.insert(grid.sizes.end(), {height, width});
    const OnnxAnchors anchors = add_grid(graph_, grid, output);
    // The middle of a cell is where the sigmoid is one half.
    const std::string offsets = sigmoid(output + ".offsets", graph_.gather(output + ".yx", rows, {1, 0}, 2));
    const std::string from_middle =
        graph_.node("Sub", output + ".from_middle", {offsets, graph_.number("yolo.half", 0.5F)});
    const std::string reach = graph_.number(output + ".reach", level.scale_xy * static_cast<float>(level.stride));
    const std::string moves = graph_.node("Mul", output + ".moves", {from_middle, reach});
    const std::string centres = graph_.node("Add", output + ".centres", {anchors.centres, moves});
    const std::string growth = graph_.node("Exp", output + ".growth", {graph_.gather(output + ".hw", rows, {3, 2}, 2)});
    const std::string half_sizes =
        graph_.node("Mul", output + ".half_sizes", {anchors.sizes, graph_.number("yolo.half", 0.5F)});
    const std::string half_extents = graph_.node("Mul", output + ".half_extents", {half_sizes, growth});
    const std::string edges = graph_.concat(output + ".edges",
                                            {graph_.node("Sub", output + ".low", {centres, half_extents}),
                                             graph_.node("Add", output + ".high", {centres, half_extents})},
                                            2);  // y1, x1, y2, x2
    return graph_.gather(output + ".boxes", edges, {1, 0, 3, 2}, 2);
  }

  OnnxGraph& graph_;
  int classes_;
};

}  // namespace

void add_yolo_boxes(OnnxGraph& graph, const OnnxYoloOptions& options, const std::string& boxes,
                    const std::string& scores) {
  YoloDecoding decoding(graph, options.classes);
  std::vector<std::string> all_boxes, all_scores;
  for (size_t i = 0; i < options.levels.size(); ++i) {
    const OnnxLevel level =
        decoding.add(fmt::format("yolo.p{}", options.min_level + static_cast<int>(i)), options.levels[i]);
    all_boxes.push_back(level.boxes);
    all_scores.push_back(level.scores);
  }
  graph.concat(boxes, all_boxes, 1);
  graph.concat(scores, all_scores, 1);
}

}  // namespace spinenet::formats
