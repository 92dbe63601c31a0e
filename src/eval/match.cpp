#include "eval/match.h"

#include <algorithm>

namespace spinenet::eval {
namespace {

constexpr uint16_t kEveryThreshold = (1U << kIouThresholdCount) - 1;
constexpr double kHighestThreshold = 1 - 1e-10;

bool outside(double area, AreaRange range) {
  const auto [low, high] = limits(range);
  return area < low || area > high;
}

// One truth of the cell, with bit a of `ignored` for area range a, and bit t of `taken[a]` for threshold t.
struct Target {
  bool crowd = false;
  bool counts_as_match = true;
  std::array<bool, kAreaRangeCount> ignored{};
  std::array<uint16_t, kAreaRangeCount> taken{};
};

std::vector<Target> make_targets(const MatchTask& task, const Cell& cell) {
  std::vector<Target> targets;
  targets.reserve(cell.truth_count());
  for (uint32_t i = cell.truth_begin; i < cell.truth_end; ++i) {
    const detect::Annotation& annotation = task.question.annotations->annotations[task.question.index->truths[i]];
    Target target;
    target.crowd = annotation.crowd;
    target.counts_as_match = annotation.id != 0;
    for (int a = 0; a < kAreaRangeCount; ++a) {
      target.ignored[static_cast<size_t>(a)] = ignored_truth(annotation, static_cast<AreaRange>(a));
    }
    targets.push_back(target);
  }
  return targets;
}

// The truth that a result takes at threshold t, or null. Among equal overlaps the last wins.
Target* best_target(std::span<const Overlap> ordered, std::vector<Target>& targets, size_t a, int t, double lowest) {
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
void match_result(std::span<const Overlap> overlaps, size_t a, std::vector<Target>& targets, MatchBits& bits) {
  static const std::array<double, kIouThresholdCount> thresholds = iou_thresholds();
  std::vector<Overlap> ordered(overlaps.begin(), overlaps.end());
  std::stable_partition(ordered.begin(), ordered.end(),
                        [&](const Overlap& overlap) { return !targets[overlap.truth].ignored[a]; });
  for (int t = 0; t < kIouThresholdCount; ++t) {
    Target* target = best_target(ordered, targets, a, t, thresholds[static_cast<size_t>(t)]);
    if (target == nullptr) continue;
    const auto bit = static_cast<uint16_t>(1U << t);
    target->taken[a] |= bit;
    if (target->ignored[a]) bits.ignored[a] |= bit;
    if (target->counts_as_match) bits.matched[a] |= bit;
  }
}

double result_area(const MatchTask& task, const detect::Result& result) {
  if (task.area_of_boxes || result.mask.counts.empty()) return result.bbox[2] * result.bbox[3];
  return static_cast<double>(area(result.mask));
}

}  // namespace

bool ignored_truth(const detect::Annotation& annotation, AreaRange range) {
  return annotation.crowd || outside(annotation.area, range);
}

uint32_t match_cell(const MatchTask& task, const Cell& cell, std::span<MatchedResult> out) {
  if (cell.result_count() == 0) return 0;
  std::vector<uint32_t> kept;
  by_score(*task.question.index, cell, task.question.results, task.limit, kept);
  CellOverlaps overlaps;
  find_overlaps(task.question, cell, kept, overlaps);
  std::vector<Target> targets = make_targets(task, cell);
  for (size_t d = 0; d < kept.size(); ++d) {
    const detect::Result& result = task.question.results[kept[d]];
    const double pixels = result_area(task, result);
    MatchBits bits;
    for (size_t a = 0; a < kAreaRangeCount; ++a) {
      if (!overlaps.of(d).empty()) match_result(overlaps.of(d), a, targets, bits);
      const auto unmatched = static_cast<uint16_t>(kEveryThreshold & ~bits.matched[a]);
      if (outside(pixels, static_cast<AreaRange>(a))) bits.ignored[a] |= unmatched;
    }
    out[d] = {result.score, bits};
  }
  return static_cast<uint32_t>(kept.size());
}

}  // namespace spinenet::eval
