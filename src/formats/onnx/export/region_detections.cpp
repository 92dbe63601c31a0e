#include "formats/onnx/export/region_detections.h"

#include <numeric>

#include "detect/box_head.h"
#include "formats/onnx/export/anchors.h"
#include "formats/onnx/export/image_limits.h"
#include "formats/onnx/export/suppression.h"
#include "graph/lower_two_stage.h"

namespace spinenet::formats {
namespace {

// Without the row that stands there when nothing is found.
void found_only(OnnxGraph& graph, const std::string& name, const std::string& x) {
  graph.node("Slice", name, {x, graph.numbers("found.from", {0}), "count", graph.numbers("found.axis", {1})});
}

// Of ROIs [1, M, 4].
OnnxAnchors add_roi_anchors(OnnxGraph& graph, const std::string& prefix, const std::string& rois) {
  const std::string low = graph.gather(prefix + ".roi_low", rois, {1, 0}, 2),
                    high = graph.gather(prefix + ".roi_high", rois, {3, 2}, 2);
  const std::string sum = graph.node("Add", prefix + ".roi_sum", {low, high});
  return {graph.node("Mul", prefix + ".roi_centres", {sum, graph.number(prefix + ".half", 0.5F)}),
          graph.node("Sub", prefix + ".roi_sizes", {high, low})};
}

// Of codes [1, M, 4] as a head gives them.
std::string add_unscaled(OnnxGraph& graph, const std::string& prefix, const std::string& codes, size_t stage) {
  const detect::BoxCode scale = detect::roi_code_scale(stage);
  return graph.node(
      "Div", prefix + ".codes",
      {codes, graph.constant(prefix + ".code_scale", {OnnxType::f32, {4}, {scale.begin(), scale.end()}, {}})});
}

// In descending order; of equal scores the lower class first, then the earlier ROI.
struct RegionCandidates {
  std::string scores;  // [1, M]; -1 where the score does not count
  std::string labels;  // [1, M]
  std::string rois;    // [1, M]: rows of the ROIs
  std::string count;   // M, as [1]
};

class RegionSelection {
 public:
  RegionSelection(OnnxGraph& graph, const OnnxRegionOptions& options, const OnnxRegionAnswers& answers)
      : graph_(graph), options_(options), answers_(answers) {}

  void add() {
    const RegionCandidates c = choose();
    const OnnxCutBoxes cut = add_cut(graph_, "detections", boxes_of(c), answers_.limits);
    const std::string passes =
        graph_.node("GreaterOrEqual", "detections.score_counts", {c.scores, graph_.number("detections.zero", 0)});
    const std::string counts = graph_.node("And", "detections.counts", {cut.count, passes});
    const std::string ranks =
        graph_.node("Where", "detections.rank",
                    {counts, add_places(graph_, "detections", c.count), graph_.number("detections.none", -1)});
    const std::string kept = add_suppression(
        graph_, "detections",
        {cut.boxes, c.labels, ranks, options_.classes, options_.post.iou, options_.post.max_detections});
    gather(c, cut.boxes, kept);
  }

 private:
  // Rows by an index [1, n].
  std::string rows(const std::string& name, const std::string& x, const std::string& at) {
    return graph_.node("Gather", name, {x, at}, {{"axis", int64_t{0}}});
  }

  std::string first_extent(const std::string& name, const std::string& x) {
    return graph_.gather(name, graph_.node("Shape", name + ".shape", {x}), {0}, 0);
  }

  // Over the heads, in the order of the ROIs.
  std::string mean_logits() {
    std::string sum;
    for (size_t stage = 0; stage < answers_.heads.size(); ++stage) {
      const OnnxBoxAnswers& head = answers_.heads[stage];
      const std::string logits =
          graph_.reshape(graph::stage_name("detections.logits", stage), head.classes, {-1, options_.classes + 1});
      const std::string ordered = rows(graph::stage_name("detections.ordered_logits", stage), logits, head.places);
      sum = stage == 0 ? ordered : graph_.node("Add", graph::stage_name("detections.logit_sum", stage), {sum, ordered});
    }
    if (answers_.heads.size() == 1) return sum;
    const auto heads = static_cast<float>(answers_.heads.size());
    return graph_.node("Div", "detections.mean_logits", {sum, graph_.number("detections.heads", heads)});
  }

  RegionCandidates choose() {
    const int64_t classes = options_.classes;
    const std::string shares = graph_.node("Softmax", "detections.shares", {mean_logits()}, {{"axis", int64_t{1}}});
    std::vector<int64_t> foreground(static_cast<size_t>(classes));
    std::iota(foreground.begin(), foreground.end(), 1);
    const std::string objects = graph_.gather("detections.objects", shares, std::move(foreground), 1);
    const std::string by_class = graph_.transpose("detections.by_class", objects, {1, 0});
    const std::string flat = graph_.reshape("detections.flat", by_class, {-1});
    const std::string passes =
        graph_.node("GreaterOrEqual", "detections.passes",
                    {flat, graph_.number("detections.threshold", options_.post.score_threshold)});
    const std::string wanted =
        graph_.node("Where", "detections.wanted", {passes, flat, graph_.number("detections.none", -1)});
    RegionCandidates c;
    c.count = graph_.node(
        "Min", "detections.candidates",
        {first_extent("detections.all", flat), graph_.numbers("detections.pre_nms", {options_.post.pre_nms})});
    const auto [scores, places] =
        graph_.top_k("detections.best", graph_.unsqueeze("detections.row", wanted, {0}), c.count);
    c.scores = scores;
    const std::string rois = first_extent("detections.rois", answers_.rois);
    c.labels = graph_.node("Div", "detections.label", {places, rois});
    const std::string before = graph_.node("Mul", "detections.before", {c.labels, rois});
    c.rois = graph_.node("Sub", "detections.roi", {places, before});
    return c;
  }

  // [1, M, 4]
  std::string boxes_of(const RegionCandidates& c) {
    const size_t stages = answers_.heads.size();
    const OnnxBoxAnswers& head = answers_.heads.back();
    const int64_t boxes = graph::boxes_of_roi(stages, options_.classes);
    const std::string of_rois = graph_.reshape("detections.roi_codes", head.boxes, {-1, boxes, 4});
    const std::string all =
        graph_.reshape("detections.all_codes", rows("detections.ordered_codes", of_rois, head.places), {-1, 4});
    const std::string at = boxes == options_.classes ? class_rows(c) : c.rois;
    const std::string scaled = rows("detections.scaled_codes", all, at);
    const std::string codes = add_unscaled(graph_, "detections", scaled, stages - 1);
    const OnnxAnchors anchors =
        add_roi_anchors(graph_, "detections", rows("detections.own_rois", answers_.rois, c.rois));
    return add_decoding(graph_, "detections.decoding", codes, anchors, "detections.decoded");
  }

  // Where each candidate's codes are when every class has its own.
  std::string class_rows(const RegionCandidates& c) {
    const std::string first = graph_.node("Mul", "detections.first_code",
                                          {c.rois, graph_.numbers("detections.class_count", {options_.classes})});
    return graph_.node("Add", "detections.code_row", {first, c.labels});
  }

  void gather(const RegionCandidates& c, const std::string& boxes, const std::string& kept_ranks) {
    const std::string kept =
        graph_.node("Greater", "detections.is_kept", {kept_ranks, graph_.number("detections.zero", 0)});
    const std::string whole = graph_.node("Cast", "detections.kept_whole", {kept}, {{"to", int64_t{7}}});
    const std::string all = graph_.node("ReduceSum", "detections.kept_count",
                                        {whole, graph_.numbers("detections.axis", {1})}, {{"keepdims", int64_t{0}}});
    graph_.node("Min", "count", {all, graph_.numbers("detections.most", {options_.post.max_detections})});
    const std::string places =
        graph_.node("Max", "detections.places_kept", {"count", graph_.numbers("detections.one", {1})});
    const auto [ranks, at] = graph_.top_k("detections.final", kept_ranks, places);
    const std::string zero = graph_.number("detections.zero", 0);
    const std::string found =
        graph_.unsqueeze("detections.is_found", graph_.node("Greater", "detections.is_one", {ranks, zero}), {2});
    const std::string own = rows("detections.final_boxes", graph_.reshape("detections.box_rows", boxes, {-1, 4}), at);
    const auto pick = [&, &indices = at](const std::string& name, const std::string& x) {
      return graph_.node("GatherElements", name, {x, indices}, {{"axis", int64_t{1}}});
    };
    found_only(graph_, "boxes", graph_.node("Where", "found.boxes", {found, own, zero}));
    found_only(graph_, "scores", pick("found.scores", c.scores));
    found_only(graph_, "labels", pick("found.labels", c.labels));
  }

  OnnxGraph& graph_;
  const OnnxRegionOptions& options_;
  const OnnxRegionAnswers& answers_;
};

}  // namespace

void add_next_rois(OnnxGraph& graph, const OnnxBoxAnswers& answers, size_t stage, const std::string& rois,
                   const std::string& limits, const std::string& name) {
  const std::string prefix = name + ".refined";
  const std::string all = graph.reshape(prefix + ".all_codes", answers.boxes, {-1, 4});
  const std::string ordered =
      graph.node("Gather", prefix + ".ordered_codes", {all, answers.places}, {{"axis", int64_t{0}}});
  const std::string codes = add_unscaled(graph, prefix, graph.unsqueeze(prefix + ".scaled_codes", ordered, {0}), stage);
  const std::string row = graph.unsqueeze(prefix + ".rois", rois, {0});
  const std::string decoded =
      add_decoding(graph, prefix + ".decoding", codes, add_roi_anchors(graph, prefix, row), prefix + ".decoded");
  const OnnxCutBoxes cut = add_cut(graph, prefix, decoded, limits);
  const std::string counts = graph.unsqueeze(prefix + ".counts", cut.count, {2});
  graph.reshape(name, graph.node("Where", prefix + ".kept", {counts, cut.boxes, row}), {-1, 4});
}

void add_region_detections(OnnxGraph& graph, const OnnxRegionOptions& options, const OnnxRegionAnswers& answers) {
  RegionSelection(graph, options, answers).add();
}

void add_masks(OnnxGraph& graph, const std::string& logits, const std::string& places, int64_t size) {
  const auto column = [&](const std::string& name, const std::string& x) { return graph.reshape(name, x, {-1, 1}); };
  const std::string at =
      graph.concat("masks.at", {column("masks.place", places), column("masks.label", "found.labels")}, 1);
  const std::string own = graph.node("GatherND", "masks.own", {logits, at});  // [D, size, size]
  const std::string all = graph.node("Sigmoid", "masks.probabilities", {own});
  found_only(graph, "masks", graph.reshape("masks.all", all, {1, -1, size, size}));
}

}  // namespace spinenet::formats
