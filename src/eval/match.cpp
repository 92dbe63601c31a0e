#include "eval/match.h"

#include <algorithm>

namespace spinenet::eval {
namespace {

void make_targets(const MatchTask& task, const Cell& cell, std::vector<MatchTarget>& targets) {
  targets.clear();
  for (uint32_t i = cell.truth_begin; i < cell.truth_end; ++i) {
    const detect::Annotation& annotation = task.question.annotations->annotations[task.question.index->truths[i]];
    MatchTarget target;
    target.crowd = annotation.crowd;
    target.counts_as_match = annotation.id != 0;
    for (size_t a = 0; a < task.areas.size(); ++a) target.ignored[a] = ignored_truth(annotation, task.areas[a]);
    targets.push_back(target);
  }
}

// The truth that a result takes at threshold t, or null. Among equal overlaps the last wins.
MatchTarget* best_target(std::span<const Overlap> ordered, std::vector<MatchTarget>& targets, size_t a, size_t t,
                         double lowest) {
  MatchTarget* best = nullptr;
  double best_iou = std::min(lowest, kHighestThreshold);
  for (const Overlap& overlap : ordered) {
    MatchTarget& target = targets[overlap.truth];
    if ((target.taken[a] >> t & 1) != 0 && !target.crowd) continue;
    if (best != nullptr && !best->ignored[a] && target.ignored[a]) break;
    if (overlap.iou < best_iou) continue;
    best_iou = overlap.iou;
    best = &target;
  }
  return best;
}

// Matches one result in area range a.
void match_result(const MatchTask& task, std::span<const Overlap> overlaps, size_t a, MatchSpace& space,
                  MatchBits& bits) {
  std::vector<MatchTarget>& targets = space.targets;
  std::vector<Overlap>& ordered = space.ordered;
  ordered.clear();
  for (const bool ignored : {false, true}) {
    for (const Overlap& overlap : overlaps) {
      if (targets[overlap.truth].ignored[a] == ignored) ordered.push_back(overlap);
    }
  }
  for (size_t t = 0; t < task.thresholds.size(); ++t) {
    MatchTarget* target = best_target(ordered, targets, a, t, task.thresholds[t]);
    if (target == nullptr) continue;
    const auto bit = static_cast<uint16_t>(1U << t);
    target->taken[a] |= bit;
    if (target->ignored[a]) bits.ignored[a] |= bit;
    if (target->counts_as_match) bits.matched[a] |= bit;
  }
}

}  // namespace

double result_area(const MatchTask& task, uint32_t at) {
  if (!task.result_areas.empty()) return task.result_areas[at];
  const detect::Result& result = task.question.results[at];
  if (task.area_of_boxes || result.mask.counts.empty()) return result.bbox[2] * result.bbox[3];
  return static_cast<double>(area(result.mask));
}

uint32_t match_cell(const MatchTask& task, const Cell& cell, MatchSpace& space, std::span<MatchedResult> out) {
  if (cell.result_count() == 0) return 0;
  by_score(*task.question.index, cell, task.question.results, task.limit, space.kept);
  find_overlaps(task.question, cell, space.kept, space.overlaps);
  make_targets(task, cell, space.targets);
  for (size_t d = 0; d < space.kept.size(); ++d) {
    const double pixels = result_area(task, space.kept[d]);
    const std::span<const Overlap> overlaps = space.overlaps.of(d);
    MatchBits bits;
    for (size_t a = 0; a < task.areas.size(); ++a) {
      if (!overlaps.empty()) match_result(task, overlaps, a, space, bits);
      const auto unmatched = static_cast<uint16_t>(task.every_threshold() & ~bits.matched[a]);
      if (outside(pixels, task.areas[a])) bits.ignored[a] |= unmatched;
    }
    out[d] = {task.question.results[space.kept[d]].score, bits};
  }
  return static_cast<uint32_t>(space.kept.size());
}

}  // namespace spinenet::eval
