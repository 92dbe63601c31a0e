// Where the gradient goes in a recipe's network, block by block and connection by connection, and how far the batch
// norms' statistics of single batches lie from the running ones (src/train/gradient_flow.h); for a model also what it
// loses and finds on the validation set with its running statistics, with those of each batch, and with running
// statistics that are computed again.
//   gradient_flow RUN|RECIPE [--model FILE] [--batches K] [--loss NAME] [--recompute N] [--set KEY=VALUE]... [--json]
// A run folder is its recipe with its best model; without a model the network has its first values. Of a loss that is
// named, such as classification_loss, the gradient is its own alone.
#include "train/gradient_flow.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/format.h"
#include "base/json.h"
#include "base/text_table.h"
#include "formats/model_file.h"
#include "graph/weights.h"
#include "nn/threads.h"
#include "train/recompute_statistics.h"
#include "train/run_setup.h"
#include "train/task.h"

namespace {

using namespace spinenet;
namespace fs = std::filesystem;

struct FlowRequest {
  fs::path recipe, model;
  std::vector<std::string> settings;
  int64_t batches = 10;
  int recompute = 512;
  std::string loss;
  bool json = false;
};

// What a model does with one kind of statistics.
struct StatisticsScore {
  std::string statistics;
  std::vector<std::pair<std::string, double>> losses;
  train::NamedNumbers numbers;  // none where nothing is measured with them
};

constexpr const char* kUsage =
    "usage: gradient_flow RUN|RECIPE [--model FILE] [--batches K] [--loss NAME] [--recompute N] [--set KEY=VALUE]... "
    "[--json]\n";

int64_t number_of(const std::string& text, const std::string& flag) {
  char* end = nullptr;
  const int64_t number = std::strtoll(text.c_str(), &end, 10);
  if (text.empty() || *end != '\0' || number < 1) fail(ErrorKind::usage, "is no number above 0: " + text, flag);
  return number;
}

std::optional<FlowRequest> read_arguments(const std::vector<std::string>& arguments) {
  FlowRequest request;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string& word = arguments[i];
    const bool flag = word.starts_with("--");
    if (word == "--json") {
      request.json = true;
      continue;
    }
    if (flag && i + 1 == arguments.size()) return std::nullopt;
    if (word == "--model") {
      request.model = arguments[++i];
    } else if (word == "--batches") {
      request.batches = number_of(arguments[++i], word);
    } else if (word == "--loss") {
      request.loss = arguments[++i];
    } else if (word == "--recompute") {
      request.recompute = static_cast<int>(number_of(arguments[++i], word));
    } else if (word == "--set") {
      request.settings.push_back(arguments[++i]);
    } else if (flag || !request.recipe.empty()) {
      return std::nullopt;
    } else {
      request.recipe = word;
    }
  }
  if (request.recipe.empty()) return std::nullopt;
  if (fs::is_directory(request.recipe)) {
    if (request.model.empty()) request.model = request.recipe / "best.safetensors";
    request.recipe /= "recipe.yaml";
  }
  return request;
}

// The training of a recipe that has come to a model, or not begun.
class Setting {
 public:
  explicit Setting(const FlowRequest& request)
      : recipe_(train::read_recipe(request.recipe, request.settings)),
        architecture_(train::resolve_architecture(recipe_.architecture)),
        alone_({}, torch::kCPU) {
    recipe_.batch_norm.recompute_images = request.recompute;
    nn::set_threads(std::max(1, recipe_.threads), recipe_.batch);
    const train::ScenesMaking making{standard_progress()};
    task_ = train::make_task(recipe_, architecture_, &making);
    const graph::Program all = graph::parameters_of_all(task_->programs());
    const Weights weights = request.model.empty() ? graph::initial_weights(all, recipe_.init, recipe_.seed)
                                                  : formats::read_model(request.model).weights;
    graph::check_weights(all, weights, request.model.string());
    train::Trainee trainee{task_->programs(), [this](const train::BatchPass& pass) { return task_->losses(pass); }};
    trainer_ = std::make_unique<train::Trainer>(std::move(trainee), weights, recipe_, torch::kCPU, alone_);
  }

  train::GradientFlow flow(const FlowRequest& request) const {
    data::Loader loader(task_->training_set(), task_->training_loader(train::loader_options(recipe_, {})));
    return train::gradient_flow(*trainer_, {request.batches, [&] { return loader.next(); }, request.loss});
  }

  bool measures() const { return task_->measures(); }

  // With labels, as the losses need them: the validation set in the place of the training set.
  std::vector<StatisticsScore> scores() const {
    if (recipe_.data.hold_out > 0) {
      fail(ErrorKind::usage, "measures on a part of the training set, which has no file of its own", "data.hold_out",
           "set it to 0 and name data.val_annotations");
    }
    train::Recipe recipe = recipe_;
    recipe.data.train_annotations = recipe.data.val_annotations;
    recipe.data.train_images = recipe.data.val_images;
    recipe.data.scenes.reset();
    recipe.data.scenes_on_the_fly = false;
    const std::unique_ptr<train::TrainTask> validation = train::make_task(recipe, architecture_, nullptr);
    data::LoaderOptions options = validation->training_loader(train::loader_options(recipe, {}));
    options.train = false;
    const auto score = [&](const char* name, const nn::Parameters& weights, train::Normalisation normalisation) {
      data::Loader loader(validation->training_set(), options);
      const train::FlowOptions all{loader.steps_per_epoch(), [&] { return loader.next(); }, ""};
      StatisticsScore found{name, train::mean_losses(*trainer_, weights, normalisation, all), {}};
      if (normalisation == train::Normalisation::running_statistics) {
        found.numbers = task_->measure(weights, standard_progress());
      }
      return found;
    };
    const nn::Parameters& own = trainer_->measured();
    const nn::Parameters recomputed =
        train::with_recomputed_statistics(*trainer_, *task_, recipe_, standard_progress());
    return {score("running", own, train::Normalisation::running_statistics),
            score("of each batch", own, train::Normalisation::batch_statistics),
            score("computed again", recomputed, train::Normalisation::running_statistics)};
  }

 private:
  train::Recipe recipe_;
  arch::Architecture architecture_;
  train::Communicator alone_;
  std::unique_ptr<train::TrainTask> task_;
  std::unique_ptr<train::Trainer> trainer_;
};

double relative(const train::PartFlow& part) {
  return part.parameters > 0 ? part.of_parameters / part.parameters : 0;
}

void print(const train::GradientFlow& flow, const std::vector<StatisticsScore>& scores) {
  for (const auto& [name, loss] : flow.losses) fmt::print("{} {:.4g}\n", name, loss);
  std::vector<std::vector<std::string>> rows{
      {"part", "reads", "map", "parameters", "|g output|", "|g input|", "|g|", "|g|/|w|", "agreement"}};
  for (const train::PartFlow& part : flow.parts) {
    rows.push_back({part.name, fmt::format("{}", fmt::join(part.reads, " ")),
                    fmt::format("{}x{}x{}", part.output.height, part.output.width, part.output.channels),
                    short_count(part.parameter_count), fmt::format("{:.3g}", part.of_output),
                    fmt::format("{:.3g}", part.of_input)});
    if (part.parameter_count > 0) {
      rows.back().push_back(fmt::format("{:.3g}", part.of_parameters));
      rows.back().push_back(fmt::format("{:.3g}", relative(part)));
      rows.back().push_back(fmt::format("{:.2f}", part.agreement));
    }
    rows.back().resize(rows.front().size());
  }
  fmt::print("\n{}\n", table_text(rows));
  rows = {{"batch norm", "values", "mean, running", "std, running", "mean, batches", "std, batches"}};
  for (const train::NormFlow& norm : flow.norms) {
    rows.push_back({norm.name, fmt::format("{:.0f}", norm.values), fmt::format("{:.3f}", norm.mean_from_running),
                    fmt::format("{:.3f}", norm.std_from_running), fmt::format("{:.3f}", norm.mean_from_batches),
                    fmt::format("{:.3f}", norm.std_from_batches)});
  }
  fmt::print("{}", table_text(rows));
  if (scores.empty()) return;
  rows = {{"statistics"}};
  for (const auto& [name, loss] : scores.front().losses) rows.front().push_back(name);
  for (const auto& [name, number] : scores.front().numbers) rows.front().push_back(name);
  for (const StatisticsScore& score : scores) {
    rows.push_back({score.statistics});
    for (const auto& [name, loss] : score.losses) rows.back().push_back(fmt::format("{:.4f}", loss));
    for (const auto& [name, number] : score.numbers) rows.back().push_back(fmt::format("{:.4f}", number));
    rows.back().resize(rows.front().size(), "-");
  }
  fmt::print("\n{}", table_text(rows));
}

Json to_json(const std::vector<std::pair<std::string, double>>& numbers) {
  Json json = Json::object();
  for (const auto& [name, number] : numbers) json[name] = number;
  return json;
}

Json to_json(const train::GradientFlow& flow, const std::vector<StatisticsScore>& scores) {
  Json json{{"losses", to_json(flow.losses)}, {"parts", Json::array()}, {"batch_norms", Json::array()}};
  for (const train::PartFlow& part : flow.parts) {
    json["parts"].push_back({{"name", part.name},
                             {"reads", part.reads},
                             {"map", {part.output.height, part.output.width, part.output.channels}},
                             {"parameters", part.parameter_count},
                             {"gradient_of_output", part.of_output},
                             {"gradient_of_input", part.of_input},
                             {"gradient_of_parameters", part.of_parameters},
                             {"norm_of_parameters", part.parameters},
                             {"agreement", part.agreement}});
  }
  for (const train::NormFlow& norm : flow.norms) {
    json["batch_norms"].push_back({{"name", norm.name},
                                   {"values", norm.values},
                                   {"mean_from_running", norm.mean_from_running},
                                   {"std_from_running", norm.std_from_running},
                                   {"mean_from_batches", norm.mean_from_batches},
                                   {"std_from_batches", norm.std_from_batches}});
  }
  for (const StatisticsScore& score : scores) {
    Json row = to_json(score.losses);
    row.update(to_json(score.numbers));
    row["statistics"] = score.statistics;
    json["validation"].push_back(std::move(row));
  }
  return json;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const std::optional<FlowRequest> request = read_arguments({argv + 1, argv + argc});
    if (!request) {
      std::fputs(kUsage, stderr);
      return 2;
    }
    const Setting setting(*request);
    const train::GradientFlow flow = setting.flow(*request);
    std::vector<StatisticsScore> scores;
    if (!request->model.empty() && setting.measures()) scores = setting.scores();
    if (request->json) {
      std::puts(to_json(flow, scores).dump().c_str());
    } else {
      print(flow, scores);
    }
  } catch (const Error& error) {
    std::fprintf(stderr, "gradient_flow: %s\n", error.what());
    return 1;
  }
}
