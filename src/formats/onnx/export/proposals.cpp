#include "formats/onnx/export/proposals.h"

#include <algorithm>
#include <limits>

#include "base/format.h"
#include "formats/onnx/export/anchors.h"
#include "formats/onnx/export/image_limits.h"
#include "formats/onnx/export/suppression.h"

namespace spinenet::formats {
namespace {

constexpr float kLowest = std::numeric_limits<float>::lowest();

// Of the surest anchors, in descending order of a level and the levels one behind the other.
struct ProposalCandidates {
  std::string logits;   // [1, M]; kLowest where there is no number
  std::string labels;   // [1, M]: levels, from 0
  std::string codes;    // [1, M, 4]
  OnnxAnchors anchors;  // [1, M, 2]
};

class Proposals {
 public:
  Proposals(OnnxGraph& graph, const OnnxProposalsOptions& options) : graph_(graph), options_(options) {}

  void add(const std::string& limits, const std::string& rois) {
    const ProposalCandidates c = all_levels();
    const std::string decoded = add_decoding(graph_, "proposals.decoding", c.codes, c.anchors, "proposals.decoded");
    const OnnxCutBoxes cut = add_cut(graph_, "proposals", decoded, limits, options_.proposals.min_size);
    const std::string known = graph_.node("Greater", "proposals.known", {c.logits, lowest()});
    const std::string counts = graph_.node("And", "proposals.counts", {cut.count, known});
    const std::string size =
        graph_.gather("proposals.candidates", graph_.node("Shape", "proposals.shape", {c.logits}), {1}, 0);
    const std::string ranks =
        graph_.node("Where", "proposals.rank",
                    {counts, add_places(graph_, "proposals", size), graph_.number("proposals.none", -1)});
    const int64_t levels = options_.anchors.max_level - options_.anchors.min_level + 1;
    const std::string kept = add_suppression(
        graph_, "proposals", {cut.boxes, c.labels, ranks, levels, options_.proposals.iou, options_.proposals.post_nms});
    best(c, cut.boxes, kept, rois);
  }

 private:
  std::string lowest() { return graph_.number("proposals.lowest", kLowest); }

  ProposalCandidates all_levels() {
    std::vector<std::string> logits, labels, codes, centres, sizes;
    for (int level = options_.anchors.min_level; level <= options_.anchors.max_level; ++level) {
      const ProposalCandidates c = of_level(level);
      logits.push_back(c.logits);
      labels.push_back(c.labels);
      codes.push_back(c.codes);
      centres.push_back(c.anchors.centres);
      sizes.push_back(c.anchors.sizes);
    }
    return {graph_.concat("proposals.logits", logits, 1),
            graph_.concat("proposals.levels", labels, 1),
            graph_.concat("proposals.codes", codes, 1),
            {graph_.concat("proposals.centres", centres, 1), graph_.concat("proposals.sizes", sizes, 1)}};
  }

  ProposalCandidates of_level(int level) {
    const std::string prefix = fmt::format("proposals.p{}", level);
    const std::string objectness = fmt::format("objectness.p{}", level), codes = fmt::format("proposal_box.p{}", level);
    const std::string flat =
        graph_.reshape(prefix + ".flat", graph_.transpose(prefix + ".moved", objectness, {0, 2, 3, 1}), {0, -1});
    const std::string rows =
        graph_.reshape(prefix + ".rows", graph_.transpose(prefix + ".box_moved", codes, {0, 2, 3, 1}), {-1, 4});
    const std::string is_number = graph_.node("GreaterOrEqual", prefix + ".is_number", {flat, lowest()});
    const std::string numbers = graph_.node("Where", prefix + ".numbers", {is_number, flat, lowest()});
    const auto [logits, at] = graph_.top_k(prefix + ".best", numbers, candidates_of(level, prefix, flat));
    const OnnxAnchors anchors = anchors_of(level, codes);
    const auto pick = [&, &places = at](const std::string& name, const std::string& x) {
      return graph_.node("Gather", prefix + name, {x, places}, {{"axis", int64_t{0}}});
    };
    const std::string nothing = graph_.node("Sub", prefix + ".nothing", {at, at});
    const int64_t label = level - options_.anchors.min_level;
    return {logits,
            graph_.node("Add", prefix + ".label", {nothing, graph_.numbers(prefix + ".level", {label})}),
            pick(".codes", rows),
            {pick(".centres", anchors.centres), pick(".sizes", anchors.sizes)}};
  }

  // How many of a level at most.
  std::string candidates_of(int level, const std::string& prefix, const std::string& flat) {
    const int64_t most = options_.proposals.pre_nms;
    if (options_.height > 0) {
      const int stride = detect::stride_of(options_.anchors, level);
      const int64_t anchors =
          int64_t{options_.height / stride} * (options_.width / stride) * anchors_per_cell(options_.anchors);
      return graph_.numbers(prefix + ".candidates", {std::min(most, anchors)});
    }
    const std::string all = graph_.gather(prefix + ".all", graph_.node("Shape", prefix + ".shape", {flat}), {1}, 0);
    return graph_.node("Min", prefix + ".candidates", {all, graph_.numbers("proposals.pre_nms", {most})});
  }

  OnnxAnchors anchors_of(int level, const std::string& output) {
    if (options_.height == 0) return add_level_anchors(graph_, options_.anchors, level, output);
    detect::AnchorOptions own = options_.anchors;
    own.min_level = own.max_level = level;
    return add_fixed_anchors(graph_, fmt::format("anchors.p{}", level), own, options_.height, options_.width);
  }

  // The surest of all levels among those kept. Never none at all: some runtimes take no empty arrays.
  void best(const ProposalCandidates& c, const std::string& boxes, const std::string& kept_ranks,
            const std::string& rois) {
    const std::string kept =
        graph_.node("Greater", "proposals.is_kept", {kept_ranks, graph_.number("proposals.zero", 0)});
    const std::string whole = graph_.node("Cast", "proposals.kept_whole", {kept}, {{"to", int64_t{7}}});
    const std::string all =
        graph_.node("ReduceSum", "proposals.kept_count", {whole, graph_.numbers("proposals.count_axis", {1})},
                    {{"keepdims", int64_t{0}}});
    const std::string most = graph_.node("Min", "proposals.most_kept",
                                         {all, graph_.numbers("proposals.post_nms", {options_.proposals.post_nms})});
    const std::string count = graph_.node("Max", "proposals.count", {most, graph_.numbers("proposals.one", {1})});
    const std::string logits = graph_.node("Where", "proposals.kept_logits", {kept, c.logits, lowest()});
    const auto [best_logits, at] = graph_.top_k("proposals.final", logits, count);  // [1, R]
    const std::string is_one = graph_.node("Greater", "proposals.is_one", {best_logits, lowest()});
    const std::string rows = graph_.reshape("proposals.box_rows", boxes, {-1, 4});
    const std::string found = graph_.node("Gather", "proposals.final_boxes", {rows, at}, {{"axis", int64_t{0}}});
    const std::string whole_or_none = graph_.node(
        "Where", "proposals.final_rois",
        {graph_.unsqueeze("proposals.is_one_column", is_one, {2}), found, graph_.number("proposals.zero", 0)});
    graph_.reshape(rois, whole_or_none, {-1, 4});
  }

  OnnxGraph& graph_;
  const OnnxProposalsOptions& options_;
};

}  // namespace

void add_proposals(OnnxGraph& graph, const OnnxProposalsOptions& options, const std::string& limits,
                   const std::string& rois) {
  Proposals(graph, options).add(limits, rois);
}

}  // namespace spinenet::formats
