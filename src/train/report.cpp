#include "train/report.h"

#include <algorithm>
#include <map>

#include "base/error.h"
#include "base/files.h"
#include "base/format.h"
#include "base/log.h"
#include "detect/anchors.h"
#include "engine/detector.h"
#include "eval/confusion.h"
#include "eval/pr_curve.h"
#include "formats/model_file.h"
#include "graph/cost.h"
#include "image/draw.h"
#include "image/encode.h"
#include "image/resize.h"
#include "plot/report.h"
#include "train/measure.h"

namespace spinenet {
namespace {

constexpr int kPictures = 12;
constexpr int kPictureSide = 480;  // pixels, at least
constexpr double kShownScore = 0.4;

// Series of metrics.jsonl by key: training lines have "loss", measurements "AP".
std::map<std::string, Series> read_series(const std::filesystem::path& folder) {
  std::map<std::string, Series> series;
  const std::string text = read_file(folder / "metrics.jsonl");
  size_t begin = 0;
  while (begin < text.size()) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view written = std::string_view(text).substr(begin, end - begin);
    begin = end + 1;
    if (!Json::accept(written)) {
      log_warning("metrics.jsonl has a broken line, which the report leaves out");
      continue;
    }
    const Json line = parse_json(written, "metrics.jsonl");
    for (const auto& [key, value] : line.items()) {
      if (key == "step" || !value.is_number() || value.get<double>() < 0) continue;
      series[key].name = key;
      series[key].x.push_back(line.at("step").get<double>());
      series[key].y.push_back(value.get<double>());
    }
  }
  return series;
}

ReportCurve curve(const std::map<std::string, Series>& all, const std::string& title, const std::string& y_label,
                  const std::vector<std::string>& keys) {
  ReportCurve found{title, y_label, false, {}};
  for (const std::string& key : keys) {
    if (const auto it = all.find(key); it != all.end()) found.series.push_back(it->second);
  }
  return found;
}

// Small pictures are enlarged, so that boxes and labels leave the objects visible.
ReportPicture draw_sample(LabelledImage sample, const RunData& data, std::span<const Result> results) {
  const float scale = std::max(
      1.0F, static_cast<float>(kPictureSide) / static_cast<float>(std::max(sample.image.height, sample.image.width)));
  Image image = resize(sample.image, static_cast<int>(static_cast<float>(sample.image.height) * scale),
                       static_cast<int>(static_cast<float>(sample.image.width) * scale));
  int drawn = 0;
  for (const Result& result : results) {
    if (result.image_id != sample.image_id || result.score < kShownScore) continue;
    const auto found = std::find_if(data.classes.begin(), data.classes.end(),
                                    [&](const Category& c) { return c.id == result.category_id; });
    const Color color = class_color(static_cast<int>(found - data.classes.begin()));
    const auto x1 = static_cast<float>(result.bbox[0]) * scale;
    const auto y1 = static_cast<float>(result.bbox[1]) * scale;
    draw_box(image, {x1, y1, x1 + static_cast<float>(result.bbox[2]) * scale,
                     y1 + static_cast<float>(result.bbox[3]) * scale, color});
    draw_label(image, static_cast<int>(x1), static_cast<int>(y1), fmt::format("{} {:.2f}", found->name, result.score),
               color);
    ++drawn;
  }
  return {fmt::format("image {}: {} found, {} there", sample.image_id, drawn, sample.targets.size()),
          encode_jpeg(image, 85)};
}

std::vector<ReportPicture> sample_pictures(const RunData& data, std::span<const Result> results) {
  std::vector<ReportPicture> pictures;
  const int64_t stride = std::max<int64_t>(1, data.val->size() / kPictures);
  for (int64_t i = 0; i < data.val->size() && pictures.size() < kPictures; i += stride) {
    try {
      pictures.push_back(draw_sample(data.val->get(i), data, results));
    } catch (const Error& error) {
      log_warning(fmt::format("left out of the report: {}", error.what()));
    }
  }
  return pictures;
}

void add_evaluation(ReportData& report, const RunData& data, std::span<const Result> results) {
  const CocoEvaluation evaluation = evaluate_coco(data.val_annotations, results, {});
  const CocoMetrics& m = evaluation.metrics;
  for (const auto& [name, value] : named_numbers(m)) {
    if (name.starts_with("AP")) report.headline.push_back({name, value < 0 ? "–" : fmt::format("{:.3f}", value)});
  }
  std::map<int64_t, int64_t> objects;
  for (const Annotation& annotation : data.val_annotations.annotations) ++objects[annotation.category_id];
  for (const ClassMetrics& c : m.per_class) {
    report.classes.push_back({c.category_id, c.name, objects[c.category_id], c.ap, c.ap50, c.ap75, c.ar100});
  }
  const auto thresholds = recall_thresholds();
  for (const PrCurve& pr : pr_curves(evaluation)) {
    if (pr.precision_at_50.empty()) continue;
    report.precision_recall.push_back({pr.name, {thresholds.begin(), thresholds.end()}, pr.precision_at_50});
  }
  const ConfusionMatrix confusion = confusion_matrix(data.val_annotations, results, {});
  report.confusion.names = confusion.names;
  report.confusion.names.emplace_back("background");
  report.confusion.counts.assign(confusion.counts.begin(), confusion.counts.end());
  report.pictures = sample_pictures(data, results);
}

std::vector<Result> results_of_best(const std::filesystem::path& folder, const Trainer& trainer, const RunData& data,
                                    const Recipe& recipe) {
  const ModelFile best = read_model(folder / "best.safetensors");
  const Parameters parameters = make_parameters(trainer.program(), best.weights, trainer.device());
  LoaderOptions o;
  o.train = false;
  o.batch = 8;
  o.size = recipe.image_size;
  o.threads = recipe.data.loader_threads;
  o.bad_images = recipe.data.bad_images;
  Loader loader(*data.val, o);
  const std::vector<Box> anchors =
      make_anchors(anchor_options(resolve_architecture(recipe.architecture)), recipe.image_size, recipe.image_size);
  return detect_validation(trainer.program(), parameters, loader, anchors, data);
}

}  // namespace

void write_report(const std::filesystem::path& folder, const std::string& recipe_text, const Trainer& trainer,
                  const RunData& data, const Recipe& recipe, const Json& summary) {
  ReportData report;
  const Cost network = cost(trainer.program());
  report.title = folder.filename().string();
  report.subtitle = fmt::format("{} at {} px", recipe.architecture.base, recipe.image_size);
  report.facts = {{"parameters", fmt::format("{:.2f} M", static_cast<double>(network.parameters) / 1e6)},
                  {"multiply-adds", fmt::format("{:.2f} G", static_cast<double>(network.multiply_adds) / 1e9)},
                  {"training images", fmt::format("{}", data.train->size())},
                  {"steps", fmt::format("{}", summary.at("step").get<int64_t>())},
                  {"best at step", fmt::format("{}", summary.at("best_step").get<int64_t>())},
                  {"images a second", fmt::format("{:.1f}", summary.at("images_per_second").get<double>())},
                  {"waiting for data", fmt::format("{:.1f} %", 100 * summary.at("data_wait_share").get<double>())}};
  const auto series = read_series(folder);
  report.curves = {curve(series, "Loss", "loss", {"loss", "classification_loss", "box_loss"}),
                   curve(series, "Average precision", "AP", {"AP", "AP50", "AP75"}),
                   curve(series, "By object size", "AP", {"APs", "APm", "APl"}),
                   curve(series, "Learning rate", "learning rate", {"learning_rate"}),
                   curve(series, "Gradient norm", "norm", {"gradient_norm"})};
  for (const Json& reason : summary.at("bad_images")) report.notes.push_back("skipped: " + reason.get<std::string>());
  if (data.val) add_evaluation(report, data, results_of_best(folder, trainer, data, recipe));
  report.recipe = recipe_text;
  write_file_atomic(folder / "report.html", render_report(report));
}

}  // namespace spinenet
