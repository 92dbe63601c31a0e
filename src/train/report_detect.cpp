#include "train/report_detect.h"

#include <algorithm>
#include <map>

#include "base/error.h"
#include "base/format.h"
#include "base/log.h"
#include "base/score_text.h"
#include "eval/confusion.h"
#include "eval/pr_curve.h"
#include "image/draw.h"
#include "image/encode.h"
#include "image/resize.h"

namespace spinenet::train {
namespace {

constexpr int kDetectImages = 12;
constexpr int kDetectImageSide = 480;  // pixels, at least
constexpr double kShownScore = 0.4;

size_t label_of(const detect::Result& result, const RunData& data) {
  const auto found = std::find_if(data.classes.begin(), data.classes.end(),
                                  [&](const detect::Category& c) { return c.id == result.category_id; });
  return static_cast<size_t>(found - data.classes.begin());
}

void draw_masks(image::Image& image, int64_t image_id, const RunData& data, std::span<const detect::Result> results) {
  for (const detect::Result& result : results) {
    if (result.image_id != image_id || result.score < kShownScore || result.mask.counts.empty()) continue;
    image::draw_mask(image, detect::decode_mask(result.mask),
                     image::class_color(static_cast<int>(label_of(result, data))));
  }
}

// Small images are enlarged, so that boxes and labels leave the objects visible.
plot::ReportImage draw_sample(data::LabelledImage sample, const RunData& data,
                              std::span<const detect::Result> results) {
  const float scale = std::max(1.0F, static_cast<float>(kDetectImageSide) /
                                         static_cast<float>(std::max(sample.image.height, sample.image.width)));
  draw_masks(sample.image, sample.image_id, data, results);
  image::Image image = image::resize(sample.image, static_cast<int>(static_cast<float>(sample.image.height) * scale),
                                     static_cast<int>(static_cast<float>(sample.image.width) * scale));
  int drawn = 0;
  for (const detect::Result& result : results) {
    if (result.image_id != sample.image_id || result.score < kShownScore) continue;
    const size_t label = label_of(result, data);
    const image::Color color = image::class_color(static_cast<int>(label));
    const auto x1 = static_cast<float>(result.bbox[0]) * scale;
    const auto y1 = static_cast<float>(result.bbox[1]) * scale;
    image::draw_box(image, {x1, y1, x1 + static_cast<float>(result.bbox[2]) * scale,
                            y1 + static_cast<float>(result.bbox[3]) * scale, color});
    image::draw_label(image, static_cast<int>(x1), static_cast<int>(y1),
                      fmt::format("{} {:.2f}", data.classes[label].name, result.score), color);
    ++drawn;
  }
  return {fmt::format("image {}: {} found, {} there", sample.image_id, drawn, sample.targets.size()),
          image::encode_jpeg(image, 85)};
}

std::vector<plot::ReportImage> sample_images(const RunData& data, std::span<const detect::Result> results) {
  std::vector<plot::ReportImage> images;
  const int64_t stride = std::max<int64_t>(1, data.val->size() / kDetectImages);
  for (int64_t i = 0; i < data.val->size() && images.size() < kDetectImages; i += stride) {
    try {
      images.push_back(draw_sample(data.val->get(i), data, results));
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
