#include "eval/summarize.h"

#include <array>

namespace spinenet::eval {
namespace {

double pairwise_sum(std::span<const double> values) {
  constexpr size_t kLanes = 8;
  constexpr size_t kBlock = 128;
  const size_t n = values.size();
  if (n > kBlock) {
    const size_t half = n / 2 - n / 2 % kLanes;
    return pairwise_sum(values.first(half)) + pairwise_sum(values.subspan(half));
  }
  double sum = 0;
  size_t i = 0;
  if (n >= kLanes) {
    std::array<double, kLanes> lane{};
    for (; i + kLanes <= n; i += kLanes) {
      for (size_t j = 0; j < kLanes; ++j) lane[j] += values[i + j];
    }
    sum = ((lane[0] + lane[1]) + (lane[2] + lane[3])) + ((lane[4] + lane[5]) + (lane[6] + lane[7]));
  }
  for (; i < n; ++i) sum += values[i];
  return sum;
}

double chunked_sum(std::span<const double> values) {
  constexpr size_t kChunk = 8192;
  double sum = 0;
  for (; values.size() > kChunk; values = values.subspan(kChunk)) sum += pairwise_sum(values.first(kChunk));
  return sum + pairwise_sum(values);
}

struct Part {
  int64_t t_begin = 0, t_end = kIouThresholdCount;
  int64_t k_begin = 0, k_end = 0;
  AreaRange area = AreaRange::all;
  int64_t m = 0;
};

double mean_precision(const CocoEvaluation& evaluation, const Part& part) {
  std::vector<double> defined;
  defined.reserve(
      static_cast<size_t>((part.t_end - part.t_begin) * kRecallThresholdCount * (part.k_end - part.k_begin)));
  for (int64_t t = part.t_begin; t < part.t_end; ++t) {
    for (int64_t r = 0; r < kRecallThresholdCount; ++r) {
      for (int64_t k = part.k_begin; k < part.k_end; ++k) {
        const double value = evaluation.precision[evaluation.precision_at(t, r, k, part.area, part.m)];
        if (value > -1) defined.push_back(value);
      }
    }
  }
  return numpy_mean(defined);
}

double mean_recall(const CocoEvaluation& evaluation, const Part& part) {
  std::vector<double> defined;
  for (int64_t t = part.t_begin; t < part.t_end; ++t) {
    for (int64_t k = part.k_begin; k < part.k_end; ++k) {
      const double value = evaluation.recall[evaluation.recall_at(t, k, part.area, part.m)];
      if (value > -1) defined.push_back(value);
    }
  }
  return numpy_mean(defined);
}

// Fills the average precisions that all of a data set and one class have in common.
template <class Metrics>
void fill_precisions(const CocoEvaluation& evaluation, Part part, Metrics& metrics) {
  const auto with = [&part](AreaRange area) {
    Part changed = part;
    changed.area = area;
    return changed;
  };
  metrics.ap = mean_precision(evaluation, part);
  metrics.ap_small = mean_precision(evaluation, with(AreaRange::small));
  metrics.ap_medium = mean_precision(evaluation, with(AreaRange::medium));
  metrics.ap_large = mean_precision(evaluation, with(AreaRange::large));
  metrics.ar100 = mean_recall(evaluation, part);
  part.t_begin = kAt50;
  part.t_end = kAt50 + 1;
  metrics.ap50 = mean_precision(evaluation, part);
  part.t_begin = kAt75;
  part.t_end = kAt75 + 1;
  metrics.ap75 = mean_precision(evaluation, part);
}

}  // namespace

double numpy_mean(std::span<const double> values) {
  return values.empty() ? -1.0 : chunked_sum(values) / static_cast<double>(values.size());
}

void summarize(CocoEvaluation& evaluation) {
  CocoMetrics& metrics = evaluation.metrics;
  Part part;
  part.k_end = evaluation.category_count;
  part.m = 2;
  fill_precisions(evaluation, part, metrics);
  part.area = AreaRange::small;
  metrics.ar_small = mean_recall(evaluation, part);
  part.area = AreaRange::medium;
  metrics.ar_medium = mean_recall(evaluation, part);
  part.area = AreaRange::large;
  metrics.ar_large = mean_recall(evaluation, part);
  part.area = AreaRange::all;
  part.m = 0;
  metrics.ar1 = mean_recall(evaluation, part);
  part.m = 1;
  metrics.ar10 = mean_recall(evaluation, part);
  part.m = 2;
  for (size_t k = 0; k < metrics.per_class.size(); ++k) {
    part.k_begin = static_cast<int64_t>(k);
    part.k_end = part.k_begin + 1;
    fill_precisions(evaluation, part, metrics.per_class[k]);
  }
}

}  // namespace spinenet::eval
