#include "formats/onnx/detections.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "base/format.h"

namespace spinenet {
namespace {

using Ints = std::vector<int64_t>;

// The candidates of a picture in falling order; M is at most pre_nms.
struct Candidates {
  std::string scores;  // [N, M]; -1 where the score does not count
  std::string labels;  // [N, M]
  std::string boxes;   // [N, M, 4]
  std::string count;   // M, as [1]
};

class Selection {
 public:
  Selection(OnnxGraph& graph, const OnnxDetectionsOptions& options) : graph_(graph), options_(options) {}

  void add(const std::string& all_boxes, const std::string& all_scores) {
    const Candidates candidates = choose(all_boxes, all_scores);
    const std::string ranks = rank(candidates);
    gather(candidates, suppress(candidates, ranks));
  }

 private:
  // Rows of a [N, .., 4] tensor by their indices [N, n].
  std::string rows(const std::string& name, const std::string& x, const std::string& indices) {
    const std::string column = graph_.unsqueeze(name + ".column", indices, {2});
    const std::string wide =
        graph_.node("Expand", name + ".wide", {column, graph_.numbers("detections.row", {1, 1, 4})});
    return graph_.node("GatherElements", name, {x, wide}, {{"axis", int64_t{1}}});
  }

  std::string extent(const std::string& name, const std::string& x) {
    return graph_.gather(name, graph_.node("Shape", name + ".shape", {x}), {1}, 0);
  }

  Candidates choose(const std::string& all_boxes, const std::string& all_scores) {
    const std::string by_class = graph_.transpose("detections.by_class", all_scores, {0, 2, 1});
    const std::string flat = graph_.reshape("detections.flat", by_class, {0, -1});  // [N, classes * anchors]
    const std::string threshold = graph_.number("detections.threshold", options_.post.score_threshold);
    const std::string passes = graph_.node("GreaterOrEqual", "detections.passes", {flat, threshold});
    const std::string wanted =
        graph_.node("Where", "detections.wanted", {passes, flat, graph_.number("detections.none", -1)});
    Candidates candidates;
    std::string anchors;
    if (options_.anchors > 0) {
      anchors = graph_.numbers("detections.anchors", {options_.anchors});
      candidates.count = graph_.numbers(
          "detections.candidates", {std::min<int64_t>(options_.post.pre_nms, options_.anchors * options_.classes)});
    } else {
      anchors = extent("detections.anchors", all_boxes);
      const std::string most = graph_.numbers("detections.pre_nms", {options_.post.pre_nms});
      candidates.count = graph_.node("Min", "detections.candidates", {extent("detections.all", flat), most});
    }
    const auto [scores, places] = graph_.top_k("detections.best", wanted, candidates.count);
    candidates.scores = scores;
    candidates.labels = graph_.node("Div", "detections.label", {places, anchors});
    const std::string before = graph_.node("Mul", "detections.before", {candidates.labels, anchors});
    candidates.boxes = rows("detections.box", all_boxes, graph_.node("Sub", "detections.anchor", {places, before}));
    return candidates;
  }

  // [N, M]: M for the best down to 1; -1 for scores that do not count and boxes that are not finite.
  std::string rank(const Candidates& c) {
    const std::string places = ranks(c);
    const std::string magnitude = graph_.node("Abs", "detections.magnitude", {c.boxes});
    const std::string largest = graph_.number("detections.largest", std::numeric_limits<float>::max());
    const std::string finite = graph_.node("LessOrEqual", "detections.finite", {magnitude, largest});
    const std::string as_float = graph_.node("Cast", "detections.finite_float", {finite}, {{"to", int64_t{1}}});
    const std::string all_finite =
        graph_.node("ReduceMin", "detections.all_finite", {as_float}, {{"axes", Ints{2}}, {"keepdims", int64_t{0}}});
    const std::string box_counts =
        graph_.node("GreaterOrEqual", "detections.box_counts", {all_finite, graph_.number("detections.yes", 1)});
    const std::string score_counts =
        graph_.node("GreaterOrEqual", "detections.score_counts", {c.scores, graph_.number("detections.zero", 0)});
    const std::string counts = graph_.node("And", "detections.counts", {box_counts, score_counts});
    return graph_.node("Where", "detections.rank", {counts, places, graph_.number("detections.none", -1)});
  }

  // [M]: M, M - 1, .. 1.
  std::string ranks(const Candidates& c) {
    if (options_.anchors > 0) {
      const int64_t count = std::min<int64_t>(options_.post.pre_nms, options_.anchors * options_.classes);
      OnnxTensor places{OnnxType::f32, {count}, std::vector<float>(static_cast<size_t>(count)), {}};
      std::iota(places.floats.rbegin(), places.floats.rend(), 1.0F);
      return graph_.constant("detections.places", std::move(places));
    }
    const auto scalar = [&](const std::string& name, int64_t value) {
      return graph_.constant(name, {OnnxType::i64, {}, {}, {value}});
    };
    const std::string count = graph_.node("Squeeze", "detections.places.count", {c.count});
    const std::string whole =
        graph_.node("Range", "detections.places.whole",
                    {count, scalar("detections.places.last", 0), scalar("detections.places.step", -1)});
    return graph_.node("Cast", "detections.places", {whole}, {{"to", int64_t{1}}});
  }

  // [N, M]: the rank of what is kept, 0 elsewhere.
  std::string suppress(const Candidates& c, const std::string& ranks) {
    const int64_t classes = options_.classes;
    Ints numbers(static_cast<size_t>(classes));
    std::iota(numbers.begin(), numbers.end(), 0);
    const std::string classes_name =
        graph_.constant("detections.classes", {OnnxType::i64, {1, classes, 1}, {}, std::move(numbers)});
    const std::string labels = graph_.unsqueeze("detections.label_row", c.labels, {1});
    const std::string own = graph_.node("Equal", "detections.own_class", {labels, classes_name});  // [N, classes, M]
    const std::string rank_row = graph_.unsqueeze("detections.rank_row", ranks, {1});
    const std::string class_ranks =
        graph_.node("Where", "detections.class_ranks", {own, rank_row, graph_.number("detections.none", -1)});
    const std::string kept = graph_.node(
        "NonMaxSuppression", "detections.kept",
        {c.boxes, class_ranks, graph_.numbers("detections.most", {options_.post.max_detections}),
         graph_.constant("detections.iou", {OnnxType::f32, {1}, {options_.post.iou}, {}}),
         graph_.constant("detections.least_rank", {OnnxType::f32, {1}, {0}, {}})});  // [n, 3]: image, class, candidate
    const std::string places = graph_.gather("detections.kept_places", kept, {0, 2}, 1);
    const std::string kept_ranks = graph_.node("GatherND", "detections.kept_ranks", {ranks, places});
    const std::string nothing = graph_.node("Mul", "detections.nothing", {ranks, graph_.number("detections.zero", 0)});
    return graph_.node("ScatterND", "detections.kept_rows", {nothing, places, kept_ranks});
  }

  void gather(const Candidates& c, const std::string& kept_ranks) {
    const std::string most = graph_.numbers("detections.most", {options_.post.max_detections});
    const auto top = graph_.top_k("detections.final", kept_ranks, most);
    const std::string &ranks = top.first, &at = top.second;
    const std::string zero = graph_.number("detections.zero", 0);
    const std::string found = graph_.node("Greater", "detections.found", {ranks, zero});
    graph_.node(
        "Where", "boxes",
        {graph_.unsqueeze("detections.found_column", found, {2}), rows("detections.final_boxes", c.boxes, at), zero});
    const auto pick = [&](const std::string& name, const std::string& x) {
      return graph_.node("GatherElements", name, {x, at}, {{"axis", int64_t{1}}});
    };
    graph_.node("Where", "scores", {found, pick("detections.final_scores", c.scores), zero});
    graph_.node("Where", "labels",
                {found, pick("detections.final_labels", c.labels),
                 graph_.constant("detections.no_label", {OnnxType::i64, {}, {}, {-1}})});
    const std::string whole = graph_.node("Cast", "detections.found_whole", {found}, {{"to", int64_t{7}}});
    graph_.node("ReduceSum", "count", {whole, graph_.numbers("detections.axis", {1})}, {{"keepdims", int64_t{0}}});
  }

  OnnxGraph& graph_;
  const OnnxDetectionsOptions& options_;
};

}  // namespace

void add_detections(OnnxGraph& graph, const OnnxDetectionsOptions& options, const std::string& all_boxes,
                    const std::string& all_scores) {
  Selection(graph, options).add(all_boxes, all_scores);
}

}  // namespace spinenet
