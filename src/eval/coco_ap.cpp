#include "eval/coco_ap.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/format.h"
#include "base/log.h"
#include "base/thread_pool.h"
#include "eval/accumulate.h"
#include "eval/match.h"
#include "eval/summarize.h"

namespace spinenet::eval {
namespace {

// numpy's linspace: multiples of the step added to the start, the end exact.
template <size_t kCount>
std::array<double, kCount> linspace(double start, double end) {
  std::array<double, kCount> values{};
  const double step = (end - start) / static_cast<double>(kCount - 1);
  for (size_t i = 0; i < kCount; ++i) values[i] = static_cast<double>(i) * step + start;
  values[kCount - 1] = end;
  return values;
}

std::vector<int> checked_limits(std::vector<int> limits) {
  std::sort(limits.begin(), limits.end());
  if (limits.size() != 3 || limits.front() < 1) {
    fail(ErrorKind::usage, fmt::format("max_detections is [{}]", fmt::join(limits, ", ")), "evaluation",
         "give three numbers of at least 1, such as 1, 10, 100");
  }
  return limits;
}

void check_annotation_ids(const detect::Annotations& annotations) {
  constexpr size_t kTold = 5;
  std::vector<int64_t> ids;
  ids.reserve(annotations.annotations.size());
  for (const detect::Annotation& annotation : annotations.annotations) ids.push_back(annotation.id);
  std::sort(ids.begin(), ids.end());
  if (std::binary_search(ids.begin(), ids.end(), 0)) {
    log_warning("annotation id 0: as in the COCO API, a match with this annotation counts as a miss; number from 1");
  }
  std::vector<int64_t> twice;
  for (auto at = std::adjacent_find(ids.begin(), ids.end()); at != ids.end() && twice.size() < kTold;
       at = std::adjacent_find(at, ids.end())) {
    twice.push_back(*at);
    at = std::upper_bound(at, ids.end(), *at);
  }
  if (twice.empty()) return;
  fail(ErrorKind::bad_data, fmt::format("annotation ids occur more than once, such as {}", fmt::join(twice, ", ")),
       "annotations", "give every annotation an id of its own");
}

void check_scores(std::span<const detect::Result> results) {
  const auto bad =
      std::find_if(results.begin(), results.end(), [](const detect::Result& r) { return std::isnan(r.score); });
  if (bad == results.end()) return;
  fail(ErrorKind::bad_data, fmt::format("the score of result {} is not a number", bad - results.begin()), "results");
}

// Without its arrays.
CocoEvaluation empty_evaluation(const CellIndex& index, bool use_categories, std::vector<int> max_detections) {
  CocoEvaluation evaluation;
  evaluation.category_count = index.category_count();
  evaluation.max_detections = std::move(max_detections);
  std::copy_n(evaluation.max_detections.begin(), 3, evaluation.metrics.max_detections.begin());
  if (use_categories) {
    for (const detect::Category* category : index.categories) {
      ClassMetrics metrics;
      metrics.category_id = category->id;
      metrics.name = category->name;
      evaluation.metrics.per_class.push_back(std::move(metrics));
    }
  } else {
    evaluation.metrics.per_class.emplace_back().name = "all";
  }
  return evaluation;
}

// Brings the first result of a cell towards the processor: results lie in the order of their file, cells in another,
// and waiting for them would take a good part of the time of matching boxes.
void prefetch(const MatchTask& task, const Cell& cell) {
  if (cell.result_count() == 0) return;
  __builtin_prefetch(&task.question.results[task.question.index->results[cell.result_begin]]);
}

MatchedCells match_all(const MatchTask& task, ThreadPool& pool) {
  constexpr int64_t kCellsPerJob = 128;
  const CellIndex& index = *task.question.index;
  MatchedCells matched;
  matched.task = &task;
  matched.index = &index;
  matched.results.resize(index.results.size());
  matched.kept.resize(index.cells.size());
  const auto count = static_cast<int64_t>(index.cells.size());
  pool.parallel_for((count + kCellsPerJob - 1) / kCellsPerJob, [&](int64_t job) {
    const int64_t end = std::min(count, (job + 1) * kCellsPerJob);
    MatchSpace space;
    for (int64_t c = job * kCellsPerJob; c < end; ++c) {
      constexpr int64_t kAhead = 8;
      if (c + kAhead < count) prefetch(task, index.cells[static_cast<size_t>(c + kAhead)]);
      const Cell& cell = index.cells[static_cast<size_t>(c)];
      const auto out = std::span(matched.results).subspan(cell.result_begin, cell.result_count());
      matched.kept[static_cast<size_t>(c)] = match_cell(task, cell, space, out);
    }
  });
  return matched;
}

// Categories with most results first, so that no thread begins a large one last.
std::vector<uint32_t> by_size(const CellIndex& index) {
  std::vector<uint32_t> size(index.category_count(), 0);
  for (const Cell& cell : index.cells) size[cell.category] += cell.result_count();
  std::vector<uint32_t> order(size.size());
  for (size_t k = 0; k < order.size(); ++k) order[k] = static_cast<uint32_t>(k);
  std::stable_sort(order.begin(), order.end(), [&size](uint32_t a, uint32_t b) { return size[a] > size[b]; });
  return order;
}

}  // namespace

std::array<double, kIouThresholdCount> iou_thresholds() {
  return linspace<kIouThresholdCount>(0.5, 0.95);
}

std::array<double, kRecallThresholdCount> recall_thresholds() {
  return linspace<kRecallThresholdCount>(0.0, 1.0);
}

std::pair<double, double> limits(AreaRange range) {
  constexpr double kSmall = 32.0 * 32.0;
  constexpr double kMedium = 96.0 * 96.0;
  constexpr double kLargest = 1e10;
  switch (range) {
    case AreaRange::all:
      return {0, kLargest};
    case AreaRange::small:
      return {0, kSmall};
    case AreaRange::medium:
      return {kSmall, kMedium};
    case AreaRange::large:
      break;
  }
  return {kMedium, kLargest};
}

std::array<std::pair<std::string, double>, 12> named_numbers(const CocoMetrics& metrics) {
  return {{{"AP", metrics.ap},
           {"AP50", metrics.ap50},
           {"AP75", metrics.ap75},
           {"APs", metrics.ap_small},
           {"APm", metrics.ap_medium},
           {"APl", metrics.ap_large},
           {recall_name(metrics.max_detections[0]), metrics.ar1},
           {recall_name(metrics.max_detections[1]), metrics.ar10},
           {recall_name(metrics.max_detections[2]), metrics.ar100},
           {"ARs", metrics.ar_small},
           {"ARm", metrics.ar_medium},
           {"ARl", metrics.ar_large}}};
}

std::string recall_name(int max_detections) {
  return fmt::format("AR{}", max_detections);
}

void require_masks(const detect::Annotations& annotations, std::string_view place) {
  for (const detect::Annotation& annotation : annotations.annotations) {
    if (!annotation.segmentation.empty()) continue;
    fail(ErrorKind::bad_data, fmt::format("annotation {} has no segmentation", annotation.id), place,
         "masks cannot be measured without; give every annotation one, or measure boxes");
  }
}

CocoArrays measure(const CellIndex& index, const Measurement& what, const CocoProtocol& protocol) {
  check_protocol(protocol);
  ThreadPool pool((what.threads > 0 ? what.threads : available_cores()) - 1);
  CocoArrays arrays(protocol, index.category_count());
  const std::vector<uint32_t> order = by_size(index);
  MatchTask task;
  const double lowest = *std::min_element(protocol.iou_thresholds.begin(), protocol.iou_thresholds.end());
  task.question = {what.annotations, what.results, &index, what.iou, std::min(lowest, kHighestThreshold)};
  task.limit = static_cast<size_t>(protocol.max_detections.back());
  task.area_of_boxes = what.area_of_boxes;
  task.result_areas = what.result_areas;
  const std::span thresholds(protocol.iou_thresholds);
  const std::span areas(protocol.area_ranges);
  for (size_t t = 0; t < thresholds.size(); t += kPassThresholds) {
    const auto pass_thresholds = thresholds.subspan(t, std::min(kPassThresholds, thresholds.size() - t));
    task.thresholds.assign(pass_thresholds.begin(), pass_thresholds.end());
    for (size_t a = 0; a < areas.size(); a += kPassAreas) {
      const auto pass_areas = areas.subspan(a, std::min(kPassAreas, areas.size() - a));
      task.areas.assign(pass_areas.begin(), pass_areas.end());
      const MatchedCells matched = match_all(task, pool);
      pool.parallel_for(static_cast<int64_t>(order.size()), [&, t, a](int64_t i) {
        accumulate_category(matched, protocol, {t, a}, order[static_cast<size_t>(i)], arrays);
      });
    }
  }
  return arrays;
}

CocoEvaluation evaluate_coco(const detect::Annotations& annotations, std::span<const detect::Result> results,
                             const CocoEvalOptions& options) {
  CocoProtocol protocol = standard_protocol();
  protocol.max_detections = checked_limits(options.max_detections);
  check_annotation_ids(annotations);
  check_scores(results);
  const CellIndex index = index_cells(annotations, results, options.use_categories);
  CocoEvaluation evaluation = empty_evaluation(index, options.use_categories, protocol.max_detections);
  const bool area_of_boxes = results.empty() || !results.front().box_from_mask;
  CocoArrays arrays = measure(index, {&annotations, results, options.iou, area_of_boxes, options.threads}, protocol);
  evaluation.precision = std::move(arrays.precision);
  evaluation.scores = std::move(arrays.scores);
  evaluation.recall = std::move(arrays.recall);
  summarize(evaluation);
  return evaluation;
}

std::array<std::pair<std::string, double>, 2> class_agnostic_numbers(const detect::Annotations& annotations,
                                                                     std::span<const detect::Result> results,
                                                                     IouType iou) {
  const CocoMetrics metrics = evaluate_coco(annotations, results, {.iou = iou, .use_categories = false}).metrics;
  return {{{"AP_agnostic", metrics.ap}, {"AR100_agnostic", metrics.ar100}}};
}

}  // namespace spinenet::eval
