#include "train/report.h"

#include <map>

#include "base/files.h"
#include "base/format.h"
#include "eval/confusion.h"
#include "eval/pr_curve.h"
#include "formats/model_file.h"
#include "graph/cost.h"
#include "image/draw.h"
#include "image/encode.h"
#include "plot/report.h"
#include "train/measure.h"
#include "train/validate.h"

namespace spinenet {
namespace {

constexpr int kPictures = 12;
constexpr double kShownScore = 0.3;

// Series of metrics.jsonl by key: training lines have "loss", measurements "AP".
std::map<std::string, Series> read_series(const std::filesystem::path& folder) {
  std::map<std::string, Series> series;
  const std::string text = read_file(folder / "metrics.jsonl");
  size_t begin = 0;
  while (begin < text.size()) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    const Json line = parse_json(std::string_view(text).substr(begin, end - begin), "metrics.jsonl");
    begin = end + 1;
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

std::vector<ReportPicture> sample_pictures(const RunData& data, std::span<const Result> results) {
  std::map<int64_t, int> label_of;
  for (size_t i = 0; i < data.classes.size(); ++i) label_of[data.classes[i].id] = static_cast<int>(i);
  std::vector<ReportPicture> pictures;
  const int64_t stride = std::max<int64_t>(1, data.val->size() / kPictures);
  for (int64_t i = 0; i < data.val->size() && pictures.size() < kPictures; i += stride) {
    Sample sample = data.val->get(i);
    int drawn = 0;
    for (const Result& result : results) {
      if (result.image_id != sample.image_id || result.score < kShownScore) continue;
      const auto& b = result.bbox;
      const int label = label_of.at(result.category_id);
      draw_box(sample.image, {static_cast<float>(b[0]), static_cast<float>(b[1]), static_cast<float>(b[0] + b[2]),
                              static_cast<float>(b[1] + b[3]), class_color(label)});
      draw_label(sample.image, static_cast<int>(b[0]), static_cast<int>(b[1]),
                 fmt::format("{} {:.2f}", data.classes[static_cast<size_t>(label)].name, result.score),
                 class_color(label));
      ++drawn;
    }
    pictures.push_back({fmt::format("image {}: {} found, {} there", sample.image_id, drawn, sample.targets.size()),
                        encode_jpeg(sample.image, 85)});
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

std::vector<Result> results_of_best(const std::filesystem::path& folder, const Program& program, const RunData& data,
                                    const Recipe& recipe) {
  const ModelFile best = read_model(folder / "best.safetensors");
  const Parameters parameters = make_parameters(program, best.weights, torch::kCPU);
  LoaderOptions o;
  o.train = false;
  o.batch = 8;
  o.size = recipe.image_size;
  o.threads = recipe.data.loader_threads;
  o.bad_images = recipe.data.bad_images;
  Loader loader(*data.val, o);
  const std::vector<Box> anchors =
      make_anchors(anchor_options_of(resolve_architecture(recipe.architecture)), recipe.image_size, recipe.image_size);
  ValidateOptions options;
  options.classes = static_cast<int>(data.classes.size());
  options.category_ids = data.category_ids();
  return detect_all(program, parameters, loader, anchors, options);
}

}  // namespace

void write_report(const std::filesystem::path& folder, const std::string& recipe_text, const Program& program,
                  const RunData& data, const Recipe& recipe, const Json& summary) {
  ReportData report;
  const Cost network = cost(program);
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
  if (data.val) add_evaluation(report, data, results_of_best(folder, program, data, recipe));
  report.recipe = recipe_text;
  write_file_atomic(folder / "report.html", render_report(report));
}

}  // namespace spinenet
