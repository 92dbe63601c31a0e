#include "eval/recorded_cell.h"

#include <algorithm>

namespace spinenet::eval {
namespace {

const detect::Annotation& annotation_at(const MatchTask& task, uint32_t place) {
  return task.question.annotations->annotations[place];
}

// The truths of a cell in the order in which a result looks at them.
struct Order {
  std::vector<uint32_t> in_cell;  // places in the cell
  size_t counting = 0;            // how many of them count; those come first
};

Order order_of(const MatchTask& task, const AreaLimits& range, const Cell& cell) {
  Order order;
  for (uint32_t i = 0; i < cell.truth_count(); ++i) order.in_cell.push_back(i);
  const auto counts = [&](uint32_t i) {
    return !ignored_truth(annotation_at(task, task.question.index->truths[cell.truth_begin + i]), range);
  };
  order.counting = static_cast<size_t>(std::stable_partition(order.in_cell.begin(), order.in_cell.end(), counts) -
                                       order.in_cell.begin());
  return order;
}

// Matches at threshold t.
void match_at(const MatchTask& task, size_t t, const Order& order, std::span<const double> overlaps,
              RecordedCell& record) {
  const size_t truths = record.truths.size();
  const size_t results = record.results.size();
  for (size_t d = 0; d < results; ++d) {
    double best_iou = std::min(task.thresholds[t], kHighestThreshold);
    size_t best = truths;
    for (size_t g = 0; g < truths; ++g) {
      const bool taken = record.truth_match[t * truths + g] != kNoMatch;
      if (taken && !annotation_at(task, record.truths[g]).crowd) continue;
      if (best < order.counting && g >= order.counting) break;
      const double iou = overlaps[d * truths + order.in_cell[g]];
      if (iou < best_iou) continue;
      best_iou = iou;
      best = g;
    }
    if (best == truths) continue;
    record.result_ignored[t * results + d] = record.truth_ignored[best];
    record.result_match[t * results + d] = record.truths[best];
    record.truth_match[t * truths + best] = record.results[d];
  }
}

}  // namespace

std::vector<double> all_overlaps(const MatchTask& task, const Cell& cell) {
  std::vector<uint32_t> kept;
  by_score(*task.question.index, cell, task.question.results, task.limit, kept);
  OverlapQuestion question = task.question;
  question.lowest = -std::numeric_limits<double>::infinity();
  CellOverlaps found;
  find_overlaps(question, cell, kept, found);
  std::vector<double> overlaps;
  overlaps.reserve(found.pairs.size());
  for (const Overlap& pair : found.pairs) overlaps.push_back(pair.iou);
  return overlaps;
}

RecordedCell record_cell(const MatchTask& task, const AreaLimits& range, const Cell& cell) {
  RecordedCell record;
  by_score(*task.question.index, cell, task.question.results, task.limit, record.results);
  const Order order = order_of(task, range, cell);
  for (size_t g = 0; g < order.in_cell.size(); ++g) {
    record.truths.push_back(task.question.index->truths[cell.truth_begin + order.in_cell[g]]);
    record.truth_ignored.push_back(g >= order.counting ? 1 : 0);
  }
  const size_t thresholds = task.thresholds.size();
  record.truth_match.assign(thresholds * record.truths.size(), kNoMatch);
  record.result_match.assign(thresholds * record.results.size(), kNoMatch);
  record.result_ignored.assign(thresholds * record.results.size(), 0);
  const std::vector<double> overlaps = all_overlaps(task, cell);
  for (size_t t = 0; t < thresholds; ++t) {
    if (!overlaps.empty()) match_at(task, t, order, overlaps, record);
    for (size_t d = 0; d < record.results.size(); ++d) {
      const size_t at = t * record.results.size() + d;
      const uint32_t truth = record.result_match[at];
      const bool matched = truth != kNoMatch && annotation_at(task, truth).id != 0;
      if (!matched && outside(result_area(task, record.results[d]), range)) record.result_ignored[at] = 1;
    }
  }
  return record;
}

}  // namespace spinenet::eval
