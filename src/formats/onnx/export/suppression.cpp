#include "formats/onnx/export/suppression.h"

#include <limits>
#include <numeric>

namespace spinenet::formats {

std::string add_suppression(OnnxGraph& graph, const std::string& prefix, const OnnxSuppression& c) {
  std::vector<int64_t> numbers(static_cast<size_t>(c.classes));
  std::iota(numbers.begin(), numbers.end(), 0);
  const std::string classes =
      graph.constant(prefix + ".classes", {OnnxType::i64, {1, c.classes, 1}, {}, std::move(numbers)});
  const std::string labels = graph.unsqueeze(prefix + ".label_row", c.labels, {1});
  const std::string own = graph.node("Equal", prefix + ".own_class", {labels, classes});  // [N, classes, M]
  const std::string rank_row = graph.unsqueeze(prefix + ".rank_row", c.ranks, {1});
  const std::string class_ranks =
      graph.node("Where", prefix + ".class_ranks", {own, rank_row, graph.number(prefix + ".none", -1)});
  const std::string kept =
      graph.node("NonMaxSuppression", prefix + ".kept",
                 {c.boxes, class_ranks, graph.numbers(prefix + ".most", {c.most}),
                  graph.constant(prefix + ".iou", {OnnxType::f32, {1}, {c.iou}, {}}),
                  graph.constant(prefix + ".least_rank", {OnnxType::f32, {1}, {0}, {}})});  // image, class, candidate
  const std::string places = graph.gather(prefix + ".kept_places", kept, {0, 2}, 1);
  const std::string kept_ranks = graph.node("GatherND", prefix + ".kept_ranks", {c.ranks, places});
  const std::string nothing = graph.node("Mul", prefix + ".nothing", {c.ranks, graph.number(prefix + ".zero", 0)});
  return graph.node("ScatterND", prefix + ".kept_rows", {nothing, places, kept_ranks});
}

std::string add_places(OnnxGraph& graph, const std::string& prefix, const std::string& count) {
  const auto scalar = [&](const std::string& name, int64_t value) {
    return graph.constant(name, {OnnxType::i64, {}, {}, {value}});
  };
  const std::string first = graph.node("Squeeze", prefix + ".places.count", {count});
  const std::string whole =
      graph.node("Range", prefix + ".places.whole",
                 {first, scalar(prefix + ".places.last", 0), scalar(prefix + ".places.step", -1)});
  return graph.node("Cast", prefix + ".places", {whole}, {{"to", int64_t{1}}});
}

std::string add_finite(OnnxGraph& graph, const std::string& prefix, const std::string& boxes) {
  const std::string magnitude = graph.node("Abs", prefix + ".magnitude", {boxes});
  const std::string largest = graph.number(prefix + ".largest", std::numeric_limits<float>::max());
  const std::string finite = graph.node("LessOrEqual", prefix + ".finite", {magnitude, largest});
  const std::string as_float = graph.node("Cast", prefix + ".finite_float", {finite}, {{"to", int64_t{1}}});
  const std::string all_finite = graph.node("ReduceMin", prefix + ".all_finite", {as_float},
                                            {{"axes", std::vector<int64_t>{2}}, {"keepdims", int64_t{0}}});
  return graph.node("GreaterOrEqual", prefix + ".box_counts", {all_finite, graph.number(prefix + ".yes", 1)});
}

}  // namespace spinenet::formats
