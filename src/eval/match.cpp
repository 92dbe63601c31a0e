#include "eval/match.h"

#include <algorithm>

namespace spinenet::eval {
namespace {

constexpr double kHighestThreshold = 1 - 1e-10;

// One truth of the cell, with bit a of `ignored` for area range a, and bit t of `taken[a]` for threshold t.
struct Target {
  bool crowd = false;
  bool counts_as_match = true;
  std::array<bool, kPassAreas> ignored{};
  std::array<uint16_t, kPassAreas> taken{};
};

std::vector<Target> make_targets(const MatchTask& task, const Cell& cell) {
  std::vector<Target> targets;
  targets.reserve(cell.truth_count());
  for (uint32_t i = cell.truth_begin; i < cell.truth_end; ++i) {
    const detect::Annotation& annotation = task.question.annotations->annotations[task.question.index->truths[i]];
    Target target;
    target.crowd = annotation.crowd;
    target.counts_as_match = annotation.id != 0;
    for (size_t a = 0; a < task.areas.size(); ++a) target.ignored[a] = ignored_truth(annotation, task.areas[a]);
    targets.push_back(target);
  }
  return targets;
}

// The truth that a result takes at threshold t, or null. Among equal overlaps the last wins.
Target* best_target(std::span<const Overlap> ordered, std::vector<Target>& targets, size_t a, size_t t, double lowest) {
  Target* best = nullptr;
  double best_iou = std::min(lowest, kHighestThreshold);
  for (const Overlap& overlap : ordered) {
    Target& target = targets[overlap.truth];
    if ((target.taken[a] >> t & 1) != 0 && !target.crowd) continue;
    if (best != nullptr && !best->ignored[a] && target.ignored[a]) break;
    if (overlap.iou < best_iou) continue;
    best_iou = overlap.iou;
    best = &target;
  }
  return best;
}

// Matches one result in area range a.
void match_result(const MatchTask& task, std::span<const Overlap> overlaps, size_t a, std::vector<Target>& targets,
                  MatchBits& bits) {
  std::vector<Overlap> ordered(overlaps.begin(), overlaps.end());
  std::stable_partition(ordered.begin(), ordered.end(),
                        [&](const Overlap& overlap) { return !targets[overlap.truth].ignored[a]; });
  for (size_t t = 0; t < task.thresholds.size(); ++t) {
    Target* target = best_target(ordered, targets, a, t, task.thresholds[t]);
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

uint32_t match_cell(const MatchTask& task, const Cell& cell, std::span<MatchedResult> out) {
  if (cell.result_count() == 0) return 0;
  std::vector<uint32_t> kept;
  by_score(*task.question.index, cell, task.question.results, task.limit, kept);
  CellOverlaps overlaps;
  find_overlaps(task.question, cell, kept, overlaps);
  std::vector<Target> targets = make_targets(task, cell);
  for (size_t d = 0; d < kept.size(); ++d) {
    const double pixels = result_area(task, kept[d]);
    MatchBits bits;
    for (size_t a = 0; a < task.areas.size(); ++a) {
      if (!overlaps.of(d).empty()) match_result(task, overlaps.of(d), a, targets, bits);
      const auto unmatched = static_cast<uint16_t>(task.every_threshold() & ~bits.matched[a]);
      if (outside(pixels, task.areas[a])) bits.ignored[a] |= unmatched;
    }
    out[d] = {task.question.results[kept[d]].score, bits};
  }
  return static_cast<uint32_t>(kept.size());
}

}  // namespace spinenet::eval
