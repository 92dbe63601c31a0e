#include "train/report.h"

#include <algorithm>
#include <map>

#include "base/error.h"
#include "base/files.h"
#include "base/format.h"
#include "base/log.h"
#include "formats/model_file.h"
#include "graph/network_cost.h"
#include "plot/report.h"

namespace spinenet::train {
namespace {

// Series of metrics.jsonl by key: training lines have "loss", measurements "AP".
std::map<std::string, plot::Series> read_series(const std::filesystem::path& folder) {
  std::map<std::string, plot::Series> series;
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

plot::ReportCurve curve(const std::map<std::string, plot::Series>& all, const CurveKeys& wanted) {
  plot::ReportCurve found{wanted.title, wanted.y_label, false, {}};
  for (const std::string& key : wanted.keys) {
    if (const auto it = all.find(key); it != all.end()) found.series.push_back(it->second);
  }
  return found;
}

std::vector<plot::ReportFact> facts_of(const ReportSource& source) {
  const Recipe& recipe = source.recipe;
  const graph::LowerOptions lower{recipe.image_size, recipe.image_size, static_cast<int>(source.task.classes().size())};
  const graph::Cost network = graph::network_cost(resolve_architecture(recipe.architecture), recipe.task, lower);
  const Json& summary = source.summary;
  return {{"parameters", fmt::format("{:.2f} M", static_cast<double>(network.parameters) / 1e6)},
          {"multiply-adds", fmt::format("{:.2f} G", static_cast<double>(network.multiply_adds) / 1e9)},
          {"training images", fmt::format("{}", source.task.training_set().size())},
          {"steps", fmt::format("{}", summary.at("step").get<int64_t>())},
          {"best at step", fmt::format("{}", summary.at("best_step").get<int64_t>())},
          {"images a second", fmt::format("{:.1f}", summary.at("images_per_second").get<double>())},
          {"waiting for data", fmt::format("{:.1f} %", 100 * summary.at("data_wait_share").get<double>())}};
}

}  // namespace

void write_report(const ReportSource& source) {
  plot::ReportData report;
  report.title = source.folder.path().filename().string();
  report.subtitle = fmt::format("{} at {} px", source.recipe.architecture.base, source.recipe.image_size);
  report.facts = facts_of(source);
  std::vector<CurveKeys> curves = source.task.curves();
  curves.push_back({"Learning rate", "learning rate", {"learning_rate"}});
  curves.push_back({"Gradient norm", "norm", {"gradient_norm"}});
  const auto series = read_series(source.folder.path());
  for (const CurveKeys& keys : curves) report.curves.push_back(curve(series, keys));
  for (const Json& reason : source.summary.at("bad_images")) {
    report.notes.push_back("skipped: " + reason.get<std::string>());
  }
  const formats::ModelFile best = formats::read_model(source.folder.path() / "best.safetensors");
  source.task.add_evaluation(
      report, nn::make_parameters(source.trainer.parameters(), best.weights, source.trainer.device()), source.progress);
  report.recipe = source.recipe_text;
  source.folder.file("report.html").write(plot::render_report(report));
}

}  // namespace spinenet::train
