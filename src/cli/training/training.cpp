#include "cli/training/training.h"

#include "base/error.h"
#include "base/format.h"
#include "base/log.h"
#include "base/run_failure.h"
#include "base/stop_signal.h"
#include "cli/command.h"
#include "cli/output.h"
#include "nn/torch_forward.h"
#include "train/class_data.h"
#include "train/describe.h"
#include "train/distributed.h"
#include "train/recipe.h"
#include "train/run_data.h"
#include "train/run_setup.h"
#include "train/train.h"

namespace spinenet::cli {
namespace {

// The command line without --nproc, for each of the processes.
std::vector<std::string> arguments_of_one(const std::vector<std::string>& arguments) {
  std::vector<std::string> kept;
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i] == "--nproc") {
      ++i;
    } else if (!arguments[i].starts_with("--nproc=")) {
      kept.push_back(arguments[i]);
    }
  }
  return kept;
}

train::TrainOptions options_of(const TrainFlags& flags, const CommonOptions& common) {
  train::TrainOptions options;
  options.recipe = flags.recipe;
  options.out = flags.out;
  options.from = flags.from;
  if (common.threads > 0) options.settings.push_back(fmt::format("threads={}", common.threads));
  options.settings.insert(options.settings.end(), flags.settings.begin(), flags.settings.end());
  options.resume = flags.resume;
  options.until_epoch = flags.until_epoch;
  options.peer_timeout = flags.peer_timeout;
  options.progress = progress_of(common);
  return options;
}

// The answer to search::ask_training: one JSON document, also of a refusal.
int describe(const train::TrainOptions& options) {
  try {
    print_json(train::describe_training(options));
    return 0;
  } catch (const Error& error) {
    print_json(Json{{"failure", to_json(RunFailure{failure_kind(error.kind()), error.what(), {}})}});
    return exit_status(error.kind());
  }
}

int run_train(const TrainFlags& flags, const Invocation& invocation) {
  if (flags.keys) {
    print(train::recipe_keys());
    return 0;
  }
  if (flags.nproc > 1) {
    // A signal is passed on: one from the terminal, which reaches every process, and this are one wish.
    return train::launch_processes(flags.nproc, arguments_of_one(invocation.arguments), watch_stop_signals());
  }
  train::TrainOptions options = options_of(flags, invocation.common);
  if (flags.describe) return describe(options);
  const std::atomic<int>& stop_signal = watch_stop_signals();
  options.stop_signal = &stop_signal;
  plot::TrainingPlan plan;
  options.begins = [&plan](const plot::TrainingPlan& told) { log_info(plot::plan_text(plan = told)); };
  options.paced = [&plan](int64_t done, double seconds_per_step) {
    log_info(plot::pace_text(plan, done, seconds_per_step));
  };
  const Json summary = train::train(options);
  const bool told = invocation.common.json || !invocation.common.quiet;
  if (train::process_place().rank == 0 && told) print_result(invocation.common, summary, plot::end_text(plan, summary));
  return stop_signal != 0 && summary.value("stopped_by_signal", false) ? 128 + stop_signal : 0;
}

compare::ReadRecipe read_for_comparison(const std::filesystem::path& path, const std::vector<std::string>& settings) {
  train::TrainOptions options;
  options.recipe = path;
  options.settings = settings;
  train::Recipe recipe = train::new_recipe(options);
  train::check_precision(recipe, path);
  return {to_yaml(recipe), compare::shared_values(fields_of(recipe)), recipe.task, recipe.image_size,
          train::resolve_architecture(recipe.architecture)};
}

compare::ValidationSet validation_set(const compare::TrainRequest& request) {
  const train::Recipe recipe = train::read_recipe(request.recipe, request.settings);
  const train::ScenesMaking making{request.progress, request.stop_signal};
  compare::ValidationSet set;
  const auto take = [&](auto data) {
    for (const detect::Category& category : data.classes) set.classes.push_back(category.name);
    set.images = std::move(data.val);
  };
  if (recipe.task == arch::Task::classify) {
    take(train::open_class_data(recipe.data));
  } else {
    take(train::open_data(recipe.data, &making, recipe.task == arch::Task::segment));
  }
  return set;
}

Json train_for_comparison(const compare::TrainRequest& request) {
  train::TrainOptions options;
  options.recipe = request.recipe;
  options.out = request.out;
  options.settings = request.settings;
  options.resume = request.resume;
  options.progress = request.progress;
  options.stop_signal = request.stop_signal;
  return train::train(options);
}

}  // namespace

Training make_training() {
  return {run_train, {read_for_comparison, validation_set, train_for_comparison}, nn::torch_facts};
}

runtime::DeviceForward make_other_device() {
  return [](const graph::Program& program, const Weights& weights, int threads, const std::string& device) {
    if (device == "auto" && !nn::torch_finds_gpu()) return graph::Forward();
    return nn::torch_forward(program, weights, threads, device);
  };
}

}  // namespace spinenet::cli
