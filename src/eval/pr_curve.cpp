#include "eval/pr_curve.h"

namespace spinenet::eval {
namespace {

PrCurve class_curve(const CocoEvaluation& evaluation, int64_t k) {
  PrCurve curve;
  const ClassMetrics& metrics = evaluation.metrics.per_class[static_cast<size_t>(k)];
  curve.category_id = metrics.category_id;
  curve.name = metrics.name;
  const int64_t m = static_cast<int64_t>(evaluation.max_detections.size()) - 1;
  const auto at = [&](int64_t t, int64_t r) { return evaluation.precision_at(t, r, k, AreaRange::all, m); };
  if (evaluation.precision[at(kAt50, 0)] < 0) return curve;
  for (int64_t r = 0; r < kRecallThresholdCount; ++r) {
    curve.precision_at_50.push_back(evaluation.precision[at(kAt50, r)]);
    curve.precision_at_75.push_back(evaluation.precision[at(kAt75, r)]);
    curve.score_at_50.push_back(evaluation.scores[at(kAt50, r)]);
    double sum = 0;
    for (int64_t t = 0; t < kIouThresholdCount; ++t) sum += evaluation.precision[at(t, r)];
    curve.precision_mean.push_back(sum / kIouThresholdCount);
  }
  return curve;
}

std::vector<double> mean_of(const std::vector<PrCurve>& curves, std::vector<double> PrCurve::*values) {
  std::vector<double> mean;
  double defined = 0;
  for (const PrCurve& curve : curves) {
    if ((curve.*values).empty()) continue;
    mean.resize((curve.*values).size(), 0.0);
    for (size_t i = 0; i < mean.size(); ++i) mean[i] += (curve.*values)[i];
    ++defined;
  }
  for (double& value : mean) value /= defined;
  return mean;
}

}  // namespace

std::vector<PrCurve> pr_curves(const CocoEvaluation& evaluation) {
  std::vector<PrCurve> curves;
  for (int64_t k = 0; k < evaluation.category_count; ++k) curves.push_back(class_curve(evaluation, k));
  PrCurve all;
  all.name = "all classes";
  all.precision_at_50 = mean_of(curves, &PrCurve::precision_at_50);
  all.precision_at_75 = mean_of(curves, &PrCurve::precision_at_75);
  all.precision_mean = mean_of(curves, &PrCurve::precision_mean);
  all.score_at_50 = mean_of(curves, &PrCurve::score_at_50);
  curves.insert(curves.begin(), std::move(all));
  return curves;
}

BestF1 best_f1(const PrCurve& curve) {
  const auto recalls = recall_thresholds();
  BestF1 best;
  for (size_t r = 1; r < curve.precision_at_50.size(); ++r) {
    const double precision = curve.precision_at_50[r];
    if (precision <= 0) continue;
    const double f1 = 2 * precision * recalls[r] / (precision + recalls[r]);
    if (f1 > best.f1) best = {curve.score_at_50[r], precision, recalls[r], f1};
  }
  return best;
}

}  // namespace spinenet::eval
