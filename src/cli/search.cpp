// spinenet search: workers try architectures until the study has enough trials.
#include <memory>

#include "arch/task.h"
#include "base/error.h"
#include "base/format.h"
#include "cli/command.h"
#include "cli/output.h"
#ifdef SPINENET_WITH_TORCH
#include <csignal>

#include "base/log.h"
#include "cli/begin_with.h"
#include "cli/study.h"
#include "cli/trial.h"
#include "cli/workers.h"
#include "search/trials/worker.h"
#include "train/recipe.h"
#include "train/run_data.h"
#include "train/train.h"
#endif

namespace spinenet::cli {
namespace {

struct SearchFlags {
  std::string recipe;
  std::string study;
  std::string folder;
  std::vector<std::string> settings;
  std::vector<std::string> begin_with;
  int begin_count = 8;
  int64_t trials = 0;
  int workers = 1;
  int gpus = 0;
  double lease = 60;
  bool keep_runs = false;
  bool keys = false;
  int worker = -1;  // this process is that worker of another one
};

#ifdef SPINENET_WITH_TORCH

volatile std::sig_atomic_t stop_signal = 0;

void on_signal(int number) {
  if (stop_signal != 0) std::_Exit(128 + number);
  stop_signal = number;
}

std::filesystem::path trial_folder(const SearchFlags& flags) {
  if (!flags.folder.empty()) return flags.folder;
  return flags.study.find("://") == std::string::npos ? flags.study + ".trials" : "runs/search.trials";
}

// The training recipe as trials run it, less what differs between machines.
train::Recipe training_recipe(const search::SearchRecipe& search) {
  train::Recipe recipe = train::read_recipe(search.proxy.recipe, search.proxy.settings);
  if (!search.proxy.data_root.empty()) recipe.data.root = search.proxy.data_root;
  recipe.epochs = search.proxy.epochs;
  recipe.data.hold_out = search.proxy.hold_out;
  if (search.proxy.image_size > 0) recipe.image_size = search.proxy.image_size;
  return recipe;
}

struct Prepared {
  TrialSetup setup;
  search::StudyDescription description;
};

// A study that was begun keeps what it began with, whatever those it came from have found since, and whether or not
// this command names them again.
std::vector<arch::Choices> first_trials(const SearchFlags& flags, const search::SearchRecipe& recipe) {
  const std::optional<search::StudyDescription> begun = search::find_study(flags.study);
  if (!begun) {
    return flags.begin_with.empty() ? recipe.first : begin_with(flags.begin_with, flags.begin_count, recipe.space);
  }
  std::vector<arch::Choices> kept = described_study(flags.study, *begun).recipe.first;
  if (!flags.begin_with.empty() && kept.empty()) {
    fail(ErrorKind::usage, "the study was begun without --begin-with", flags.study, "begin a study of another name");
  }
  if (!flags.begin_with.empty() && flags.worker < 0) {
    log_info(fmt::format("{} was begun with {} networks and goes on with them", flags.study, kept.size()));
  }
  return recipe.first.empty() ? kept : recipe.first;
}

Prepared prepare(const SearchFlags& flags, const CommonOptions& common) {
  Prepared p;
  p.setup.recipe = search::read_search_recipe(flags.recipe, flags.settings);
  p.setup.recipe.first = first_trials(flags, p.setup.recipe);
  if (flags.worker < 0 && static_cast<int64_t>(p.setup.recipe.first.size()) > p.setup.recipe.trials) {
    log_warning(fmt::format("{} networks to begin with are more than {} trials: the last ones are left out",
                            p.setup.recipe.first.size(), p.setup.recipe.trials));
  }
  train::Recipe training = training_recipe(p.setup.recipe);
  if (training.task != arch::Task::detect) {
    fail(ErrorKind::unsupported, fmt::format("a search tries detectors, not networks that {}", name_of(training.task)),
         p.setup.recipe.proxy.recipe, "use a training recipe with task: detect");
  }
  train::check_precision(training, p.setup.recipe.proxy.recipe);
  const bool leader = flags.worker < 0;
  const ProgressOptions progress = progress_of(common);
  p.setup.classes = static_cast<int>(train::open_data(training.data, leader ? &progress : nullptr).classes.size());
  p.setup.base = train::resolve_architecture(training.architecture);
  if (!std::holds_alternative<arch::ScalePermuted>(p.setup.base.backbone)) {
    fail(ErrorKind::usage,
         fmt::format("architecture.base {} has no scale-permuted backbone", training.architecture.base),
         p.setup.recipe.proxy.recipe, "use spinenet-49; the search replaces its blocks");
  }
  p.setup.image_size = training.image_size;
  p.setup.folder = trial_folder(flags);
  p.setup.keep_runs = flags.keep_runs;
  p.setup.threads = common.threads > 0 ? common.threads : std::max(1, threads_of(common) / flags.workers);
  if (flags.gpus > 0)
    p.setup.environment["CUDA_VISIBLE_DEVICES"] = std::to_string(std::max(flags.worker, 0) % flags.gpus);

  training.data.root.clear();
  training.data.loader_threads = 1;
  training.threads = 0;
  p.description = describe_study(p.setup, to_yaml(training));
  // Only now: a study may be made longer.
  if (flags.trials > 0) p.setup.recipe.trials = flags.trials;
  return p;
}

int run_as_worker(const SearchFlags& flags, const Prepared& prepared) {
  const search::SearchRecipe& recipe = prepared.setup.recipe;
  search::Plan plan{recipe.space, recipe.algorithm, recipe.seed, recipe.first,
                    [&](const arch::ScalePermuted& backbone) { return objection(prepared.setup, backbone); }};
  search::Planner planner(std::move(plan));
  search::WorkerOptions options;
  options.store = flags.study;
  options.trials = recipe.trials;
  options.lag = recipe.lag;
  options.lease_seconds = flags.lease;
  options.stop = [] { return stop_signal != 0; };
  options.ended = [](const search::Claim& claim, const search::Outcome& outcome, bool accepted) {
    const std::string what = outcome.state == search::TrialState::complete
                                 ? fmt::format("score {:.4f}", outcome.measurement.score)
                                 : fmt::format("{}: {}", name_of(outcome.failure), outcome.reason);
    log_info(fmt::format("trial {}: {}{}", claim.number, what, accepted ? "" : " (too late: another worker has it)"));
  };
  search::run_worker(options, planner, recipe.space,
                     [&](const arch::ScalePermuted& backbone, const search::TrialContext& context) {
                       return try_architecture(prepared.setup, backbone, context);
                     });
  return stop_signal != 0 ? 128 + stop_signal : 0;
}

int run_search(const SearchFlags& flags, const Invocation& invocation) {
  if (flags.keys) {
    print(search_recipe_keys());
    return 0;
  }
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
  const Prepared prepared = prepare(flags, invocation.common);
  if (flags.worker >= 0) return run_as_worker(flags, prepared);

  const std::unique_ptr<search::Store> store = search::open_store(flags.study, true);
  store->open(prepared.description);
  WorkersOptions options;
  options.arguments = invocation.arguments;
  options.workers = flags.workers;
  options.trials = prepared.setup.recipe.trials;
  options.progress = progress_of(invocation.common);
  options.stop = [] { return static_cast<int>(stop_signal); };
  const int status = run_workers(*store, options);
  const Json summary = study_summary(*store, flags.study);
  if (invocation.common.json) {
    print_json(summary);
  } else {
    print(study_summary_text(summary));
  }
  return status;
}

#else

int run_search(const SearchFlags&, const Invocation&) {
  fail(ErrorKind::unsupported, "this build has no LibTorch, so it cannot train what it would search", "search",
       "install libtorch-dev and build with -DSPINENET_BUILD_TRAIN=ON; `spinenet study` works without");
}

#endif

}  // namespace

void add_search(CLI::App& app, Invocation& invocation) {
  const auto flags = std::make_shared<SearchFlags>();
  CLI::App& verb = *app.add_subcommand("search", "Search for scale-permuted networks on a detection task");
  verb.add_option("RECIPE", flags->recipe, "The search recipe, a YAML file")->type_name("");
  verb.add_option("--study", flags->study, "Where the study lives: a SQLite file, or postgresql://user@host/database")
      ->type_name("PLACE");
  verb.add_option("--trials", flags->trials, "Trials of the study; the recipe's if not given")
      ->check(within(1, 1e12))
      ->type_name("N");
  verb.add_option("--workers", flags->workers, "Processes on this machine that try architectures")
      ->check(within(1, 4096))
      ->type_name("N")
      ->capture_default_str();
  verb.add_option("--set", flags->settings, "Change a value of the recipe: --set algorithm.kind=evolution")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  verb.add_option("--begin-with", flags->begin_with,
                  "Begin with another study's best networks, or with an architecture; several times")
      ->type_name("STUDY|NAME")
      ->allow_extra_args(false);
  verb.add_option("--begin-count", flags->begin_count, "So many of each study")
      ->check(within(1, 1e6))
      ->type_name("N")
      ->capture_default_str();
  verb.add_option("--out", flags->folder, "Folder of the trials; beside the study if not given")->type_name("DIR");
  verb.add_option("--gpus", flags->gpus, "GPUs of this machine: worker i uses GPU i modulo N")
      ->check(within(0, 1024))
      ->type_name("N");
  verb.add_option("--lease", flags->lease, "Seconds after which a silent worker's trial is given to another")
      ->check(within(1, 86400))
      ->type_name("S")
      ->capture_default_str();
  verb.add_flag("--keep-runs", flags->keep_runs, "Keep the run folder of every trial");
  verb.add_flag("--keys", flags->keys, "Print every key of a search recipe with its default");
  verb.add_option("--worker", flags->worker)->group("");
  add_json_flag(verb, invocation.common);
  add_common_flags(verb, invocation.common);
  verb.footer(
      "Examples:\n  spinenet search recipes/search-scenes.yaml --study scenes.study --workers 2\n"
      "  spinenet search recipes/search-scenes-busy.yaml --study busy.study --begin-with scenes.study\n"
      "  spinenet search recipes/search-scenes.yaml --study postgresql://spinenet@db/search --workers 8 --gpus 8\n\n"
      "The same command again goes on with the study; on other machines it joins in.");
  verb.callback([&invocation, flags] {
    invocation.run = [&invocation, flags] {
      if (!flags->keys && flags->recipe.empty()) {
        fail(ErrorKind::usage, "RECIPE is missing", "", "see spinenet search --help");
      }
      if (!flags->keys && flags->study.empty()) {
        fail(ErrorKind::usage, "--study is missing", "", "name a file, or postgresql://user@host/database");
      }
      return run_search(*flags, invocation);
    };
  });
}

}  // namespace spinenet::cli
