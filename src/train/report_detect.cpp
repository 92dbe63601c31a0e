#include "train/report_detect.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/error.h"
#include "base/format.h"
#include "base/log.h"
#include "base/score_text.h"
#include "eval/confusion.h"
#include "eval/pr_curve.h"
#include "image/draw.h"
#include "runtime/predict.h"
#include "runtime/prediction.h"
#include "runtime/true_objects.h"
#include "train/report_images.h"

namespace spinenet::train {
namespace {

constexpr int kDetectImages = 6;
constexpr size_t kUnsureObjects = 3;  // drawn where none is sure

size_t label_of(const detect::Result& result, const RunData& data) {
  const auto found = std::find_if(data.classes.begin(), data.classes.end(),
                                  [&](const detect::Category& c) { return c.id == result.category_id; });
  return static_cast<size_t>(found - data.classes.begin());
}

// Best first: those that `predict` shows, or else the few that come nearest.
std::vector<const detect::Result*> shown_of(int64_t image_id, std::span<const detect::Result> results) {
  std::vector<const detect::Result*> shown;
  for (const detect::Result& result : results) {
    if (result.image_id == image_id) shown.push_back(&result);
  }
  std::ranges::stable_sort(shown, [](const auto* a, const auto* b) { return a->score > b->score; });
  const auto sure = std::ranges::count_if(shown, [](const auto* r) { return r->score >= runtime::kObjectThreshold; });
  shown.resize(sure > 0 ? static_cast<size_t>(sure) : std::min(shown.size(), kUnsureObjects));
  return shown;
}

std::vector<image::DrawnObject> found_objects(std::span<const detect::Result* const> shown, const RunData& data) {
  std::vector<image::DrawnObject> objects;
  for (const detect::Result* result : shown) {
    const size_t label = label_of(*result, data);
    const auto& [x, y, width, height] = result->bbox;
    objects.push_back({.box = image::DrawnBox{static_cast<float>(x), static_cast<float>(y),
                                              static_cast<float>(x + width), static_cast<float>(y + height)},
                       .label = static_cast<int>(label),
                       .name = data.classes[label].name,
                       .detail = fmt::format("{:.2f}", result->score),
                       .mask = runtime::mask_window(result->mask)});
  }
  return objects;
}

std::string said_of(size_t there, std::span<const detect::Result* const> shown) {
  if (shown.empty()) return fmt::format("{} there, none found", there);
  if (shown.front()->score >= runtime::kObjectThreshold) return fmt::format("{} there, {} found", there, shown.size());
  return fmt::format("{} there, none found with a score of {}; the best of the others are drawn", there,
                     runtime::kObjectThreshold);
}

plot::ReportImage draw_sample(const data::LabelledImage& sample, const RunData& data,
                              std::span<const std::string> names, std::span<const detect::Result> results) {
  const std::vector<image::DrawnObject> truth = runtime::true_objects(sample, names);
  const std::vector<const detect::Result*> shown = shown_of(sample.image_id, results);
  return {fmt::format("image {}: {}", sample.image_id, said_of(truth.size(), shown)),
          drawn_for_report(sample.image, found_objects(shown, data)), drawn_for_report(sample.image, truth)};
}

std::vector<plot::ReportImage> sample_images(const RunData& data, std::span<const detect::Result> results) {
  std::vector<std::string> names;
  for (const detect::Category& category : data.classes) names.push_back(category.name);
  std::vector<plot::ReportImage> images;
  const int64_t stride = std::max<int64_t>(1, data.val->size() / kDetectImages);
  for (int64_t i = 0; i < data.val->size() && images.size() < kDetectImages; i += stride) {
    try {
      add_if_room(images, draw_sample(data.val->get(i), data, names, results));
    } catch (const Error& error) {
      log_warning(fmt::format("left out of the report: {}", error.what()));
    }
  }
  return images;
}

}  // namespace

void add_detections(plot::ReportData& report, const RunData& data, std::span<const detect::Result> results,
                    eval::IouType iou) {
  eval::CocoEvalOptions options;
  options.iou = iou;
  const eval::CocoEvaluation evaluation = eval::evaluate_coco(data.val_annotations, results, options);
  const eval::CocoMetrics& m = evaluation.metrics;
  for (const auto& [name, value] : eval::named_numbers(m)) {
    if (name.starts_with("AP")) report.headline.push_back({name, score_text(value)});
  }
  std::map<int64_t, int64_t> objects;
  for (const detect::Annotation& annotation : data.val_annotations.annotations) ++objects[annotation.category_id];
  for (const eval::ClassMetrics& c : m.per_class) {
    report.classes.push_back({c.category_id, c.name, objects[c.category_id], c.ap, c.ap50, c.ap75, c.ar100});
  }
  const auto thresholds = eval::recall_thresholds();
  for (const eval::PrCurve& pr : eval::pr_curves(evaluation)) {
    if (pr.precision_at_50.empty()) continue;
    report.precision_recall.push_back({pr.name, {thresholds.begin(), thresholds.end()}, pr.precision_at_50});
  }
  const eval::ConfusionMatrix confusion = eval::confusion_matrix(data.val_annotations, results, {});
  report.confusion.names = confusion.names;
  report.confusion.names.emplace_back("background");
  report.confusion.counts.assign(confusion.counts.begin(), confusion.counts.end());
  report.images = sample_images(data, results);
}

}  // namespace spinenet::train
