#include "formats/onnx/export/detections.h"

#include <algorithm>
#include <numeric>

#include "formats/onnx/export/suppression.h"

namespace spinenet::formats {
namespace {

// The candidates of an image in descending order; M is at most pre_nms.
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
    const OnnxSuppression suppression{candidates.boxes, candidates.labels, ranks,
                                      options_.classes, options_.post.iou, options_.post.max_detections};
    gather(candidates, add_suppression(graph_, "detections", suppression));
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
    const std::string box_counts = add_finite(graph_, "detections", c.boxes);
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
    return add_places(graph_, "detections", c.count);
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

}  // namespace spinenet::formats
