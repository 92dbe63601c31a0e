#include "eval/accumulate.h"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>

namespace spinenet::eval {
namespace {

// One result of a category, in order of score over all images.
struct Ranked {
  double score;
  uint32_t at;    // place in MatchedCells::results
  uint32_t rank;  // place in its cell
};

// The same with what it matches: each of the twelve curves reads all of them from one end to the other.
struct Traced {
  double score;
  MatchBits bits;
  uint32_t rank;
};

std::vector<Traced> rank_results(const MatchedCells& matched, uint32_t k) {
  std::vector<Ranked> ranked;
  const CellIndex& index = *matched.index;
  for (uint32_t c = index.category_begin[k]; c < index.category_begin[k + 1]; ++c) {
    const uint32_t begin = index.cells[c].result_begin;
    for (uint32_t i = 0; i < matched.kept[c]; ++i) ranked.push_back({matched.results[begin + i].score, begin + i, i});
  }
  std::stable_sort(ranked.begin(), ranked.end(), [](const Ranked& a, const Ranked& b) { return a.score > b.score; });
  std::vector<Traced> traced;
  traced.reserve(ranked.size());
  for (const Ranked& one : ranked) traced.push_back({one.score, matched.results[one.at].bits, one.rank});
  return traced;
}

int64_t count_targets(const MatchedCells& matched, uint32_t k, const AreaLimits& range) {
  const CellIndex& index = *matched.index;
  const Cell& first = index.cells[index.category_begin[k]];
  const Cell& last = index.cells[index.category_begin[k + 1] - 1];
  int64_t count = 0;
  for (uint32_t i = first.truth_begin; i < last.truth_end; ++i) {
    if (!ignored_truth(matched.task->question.annotations->annotations[index.truths[i]], range)) ++count;
  }
  return count;
}

// The true positives of one threshold in order of score: precision once it has come, and its score.
struct Curve {
  std::vector<double> precision, score;
  int64_t missed = 0;  // false positives so far, but for those that are false at every threshold

  void clear() {
    precision.clear();
    score.clear();
    missed = 0;
  }
};

using Curves = std::array<Curve, kPassThresholds>;

// The COCO API divides by the sum plus the distance from 1 to the next double.
double precision_of(int64_t hits, int64_t false_hits) {
  return static_cast<double>(hits) /
         (static_cast<double>(false_hits) + static_cast<double>(hits) + std::numeric_limits<double>::epsilon());
}

// The curves of the results that are among the first `limit` of their cells.
void trace(const MatchedCells& matched, std::span<const Traced> ranked, size_t a, int limit, Curves& curves) {
  for (Curve& curve : curves) curve.clear();
  const uint32_t all_thresholds = matched.task->every_threshold();
  int64_t missed_by_all = 0;
  for (const Traced& result : ranked) {
    if (result.rank >= static_cast<uint32_t>(limit)) continue;
    const uint32_t counted = all_thresholds & ~uint32_t{result.bits.ignored[a]};
    const uint32_t hit = counted & result.bits.matched[a];
    if (hit == 0 && counted == all_thresholds) {
      ++missed_by_all;
      continue;
    }
    for (uint32_t left = counted & ~hit; left != 0; left &= left - 1) {
      ++curves[static_cast<size_t>(std::countr_zero(left))].missed;
    }
    for (uint32_t left = hit; left != 0; left &= left - 1) {
      Curve& curve = curves[static_cast<size_t>(std::countr_zero(left))];
      const auto hits = static_cast<int64_t>(curve.precision.size()) + 1;
      curve.precision.push_back(precision_of(hits, curve.missed + missed_by_all));
      curve.score.push_back(result.score);
    }
  }
}

struct Place {
  int64_t t, k, a, m;
};

// Precision and score at each recall threshold. Only true positives raise recall, and after one precision only falls,
// so the highest precision from any result on is that of a true positive; recall 0 is reached by the first result.
void write_curve(Curve& curve, const Place& place, int64_t targets, double first_score,
                 std::span<const double> thresholds, CocoArrays& arrays) {
  const size_t hits = curve.precision.size();
  for (size_t i = hits; i > 1; --i) curve.precision[i - 2] = std::max(curve.precision[i - 2], curve.precision[i - 1]);
  const auto recall = [targets](size_t count) { return static_cast<double>(count) / static_cast<double>(targets); };
  arrays.recall[arrays.recall_at(place.t, place.k, place.a, place.m)] = recall(hits);
  size_t needed = 1;  // true positives
  for (size_t r = 0; r < thresholds.size(); ++r) {
    while (needed <= hits && recall(needed) < thresholds[r]) ++needed;
    const size_t at = arrays.precision_at(place.t, static_cast<int64_t>(r), place.k, place.a, place.m);
    const bool reached = needed <= hits;
    arrays.precision[at] = reached ? curve.precision[needed - 1] : 0.0;
    arrays.scores[at] = thresholds[r] <= 0 ? first_score : reached ? curve.score[needed - 1] : 0.0;
  }
}

}  // namespace

void accumulate_category(const MatchedCells& matched, const CocoProtocol& protocol, const PassPlace& pass, uint32_t k,
                         CocoArrays& arrays) {
  if (matched.index->category_begin[k] == matched.index->category_begin[k + 1]) return;
  const std::vector<Traced> ranked = rank_results(matched, k);
  const double first_score = ranked.empty() ? 0.0 : ranked.front().score;
  uint32_t last_rank = 0;
  for (const Traced& result : ranked) last_rank = std::max(last_rank, result.rank);
  Curves curves;
  for (size_t a = 0; a < matched.task->areas.size(); ++a) {
    const int64_t targets = count_targets(matched, k, matched.task->areas[a]);
    if (targets == 0) continue;
    for (size_t m = 0; m < protocol.max_detections.size(); ++m) {
      // Where the limit before left nothing out, this one gives the same curves.
      const bool same = m > 0 && last_rank < static_cast<uint32_t>(protocol.max_detections[m - 1]);
      if (!same) trace(matched, ranked, a, protocol.max_detections[m], curves);
      for (size_t t = 0; t < matched.task->thresholds.size(); ++t) {
        const Place place{static_cast<int64_t>(pass.first_threshold + t), k, static_cast<int64_t>(pass.first_area + a),
                          static_cast<int64_t>(m)};
        write_curve(curves[t], place, targets, first_score, protocol.recall_thresholds, arrays);
      }
    }
  }
}

}  // namespace spinenet::eval
