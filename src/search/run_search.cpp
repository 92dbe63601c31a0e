#include "search/run_search.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <thread>
#include <utility>

#include "base/error.h"
#include "base/format.h"
#include "base/log.h"
#include "base/printable.h"
#include "base/score_text.h"
#include "base/text_table.h"
#include "search/plan.h"
#include "search/store/store_schema.h"
#include "search/study/begin_with.h"
#include "search/study/kept_description.h"
#include "search/study/study.h"
#include "search/study/trials_folder.h"
#include "search/trials/training_trial.h"
#include "search/trials/workers.h"

namespace spinenet::search {
namespace {

struct BegunSearch {
  std::unique_ptr<Store> store;
  OwnedFolder folder;  // of its trials
};

TrialsPlace place_of(const SearchOptions& options, std::string id) {
  return {options.study, std::move(id), options.folder, options.weights};
}

// A study that was begun keeps what it began with, whatever those it came from have found since, and whether or not
// this command names them again.
std::vector<arch::Choices> first_trials(const SearchOptions& options, const SearchRecipe& recipe) {
  const std::optional<StudyDescription> begun = find_study(options.study);
  if (!begun) {
    return options.begin_with.empty() ? recipe.first
                                      : begin_with(options.begin_with, options.begin_count, recipe.space);
  }
  std::vector<arch::Choices> kept = described_study(options.study.shown(), *begun).task.recipe.first;
  if (!options.begin_with.empty() && kept.empty()) {
    fail(ErrorKind::usage, "the study was begun without --begin-with", options.study.shown(),
         "begin a study of another name");
  }
  return recipe.first.empty() ? kept : recipe.first;
}

SearchRecipe recipe_of(const SearchOptions& options) {
  SearchRecipe recipe = read_search_recipe(options.recipe, options.settings);
  if (!options.weights.empty() && !recipe.proxy.inherit) {
    fail(ErrorKind::usage, "the trials of this recipe keep no weights", "--weights",
         "set proxy.inherit to true, or leave --weights out");
  }
  recipe.first = first_trials(options, recipe);
  return recipe;
}

void tell_first_trials(const SearchOptions& options, const SearchRecipe& recipe) {
  const size_t count = recipe.first.size();
  if (!options.begin_with.empty() && find_study(options.study)) {
    log_info(
        fmt::format("{} was begun with {} networks and goes on with them", printable(options.study.shown()), count));
  }
  if (static_cast<int64_t>(count) > recipe.trials) {
    log_warning(fmt::format("{} networks to begin with are more than {} trials: the last ones are left out", count,
                            recipe.trials));
  }
}

int64_t trials_of(const SearchOptions& options, const SearchRecipe& recipe) {
  return options.trials > 0 ? options.trials : recipe.trials;
}

void tell_end(const Claim& claim, const Outcome& outcome, bool accepted) {
  const std::string what = outcome.state == TrialState::complete
                               ? "score " + search_score_text(outcome.measurement.score)
                               : fmt::format("{}: {}", name_of(outcome.failure), printable(outcome.reason));
  log_info(fmt::format("trial {}: {}{}", claim.number, what, accepted ? "" : " (too late: another worker has it)"));
}

TrialSetup setup_of(const SearchOptions& options, int index, const OwnedFolder& folder) {
  TrialSetup setup;
  setup.task.recipe = recipe_of(options);
  // What the leader and the store have agreed on.
  const Study study = described_study(options.study.shown(), open_store(options.study, false)->description());
  setup.task.base = study.task.base;
  setup.task.image_size = study.task.image_size;
  setup.task.classes = study.task.classes;
  setup.program = options.training;
  if (options.gpus > 0) setup.program.environment["CUDA_VISIBLE_DEVICES"] = std::to_string(index % options.gpus);
  setup.folder = folder.path();
  setup.threads = options.threads;
  setup.keep_runs = options.keep_runs;
  return setup;
}

TrialsPlace trials_place(const SearchOptions& options) {
  return place_of(options, open_store(options.study, false)->id());
}

// Another leader may be between its folder and its study.
bool is_begun_soon(const StudyAddress& study) {
  constexpr int kLooks = 10;
  for (int look = 0; look < kLooks; ++look) {
    if (find_study(study)) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  return false;
}

// A study that is not begun yet gets its folder first, marked with the id that it will have: where the folder is
// refused, no study is left behind, and where the study is refused, no folder. A leader that was killed in between has
// left a folder with the id. Nothing where another leader was faster.
std::optional<BegunSearch> begin_search(const SearchOptions& options, const StudyDescription& description) {
  const std::optional<std::string> abandoned = abandoned_id(place_of(options, ""));
  const std::string id = abandoned ? *abandoned : fresh_study_id();
  std::optional<OwnedFolder> folder, weights;
  const auto give_back = [&] {
    if (weights) std::move(*weights).take_back();
    if (folder) std::move(*folder).take_back();
  };
  try {
    folder.emplace(take_trials_folder(place_of(options, id)));
    if (!options.weights.empty()) weights.emplace(take_weights_folder(place_of(options, id)));
  } catch (const Error&) {
    give_back();
    if (is_begun_soon(options.study)) return std::nullopt;
    throw;
  }
  try {
    std::unique_ptr<Store> store = open_store(options.study, true);
    store->open(description, id);
    if (store->id() == id) return BegunSearch{std::move(store), std::move(*folder)};
  } catch (...) {
    give_back();
    throw;
  }
  give_back();
  return std::nullopt;
}

// `training_defaults` as as_kept() has them.
BegunSearch join_search(const SearchOptions& options, const StudyDescription& description,
                        const std::string& training_defaults) {
  if (!find_study(options.study)) {
    if (std::optional<BegunSearch> begun = begin_search(options, description)) return std::move(*begun);
  }
  std::unique_ptr<Store> store = open_store(options.study, true);
  const std::optional<StudyDescription> kept = find_study(options.study);
  store->open(kept ? as_kept(*kept, description, training_defaults) : description);
  return {std::move(store), take_trials_folder(trials_place(options))};
}

void tell_unusual_folder(const SearchOptions& options, const OwnedFolder& folder) {
  const std::filesystem::path usual = options.study.reveal() + ".trials";
  if (options.folder.empty() && !options.study.is_server() && folder.path() != usual) {
    log_info(fmt::format("{} is another study's: the trials go to {}", printable(usual.string()),
                         printable(folder.path().string())));
  }
}

std::vector<std::string> arguments_of_workers(const SearchOptions& options) {
  std::vector<StudyAddress> addresses{options.study};
  for (const std::string& source : options.begin_with) addresses.emplace_back(source);
  return without_passwords(options.arguments, addresses);
}

}  // namespace

int lead_search(const SearchOptions& options) {
  SearchTask task;
  task.recipe = recipe_of(options);
  tell_first_trials(options, task.recipe);
  const auto wanted = [&] { return options.stop() == 0; };
  const auto training = ask_training(options.training, task.recipe.proxy, {options.quiet, wanted});
  if (!training) return 128 + options.stop();
  task.base = training->base;
  task.image_size = training->image_size;
  task.classes = training->classes;
  const BegunSearch search = join_search(options, describe_study(task, training->recipe), training->defaults);
  tell_unusual_folder(options, search.folder);
  std::optional<OwnedFolder> weights;  // refused here, before any worker begins
  if (task.recipe.proxy.inherit) weights.emplace(take_weights_folder(trials_place(options)));
  WorkersOptions workers;
  workers.arguments = arguments_of_workers(options);
  workers.study = options.study;
  workers.workers = options.workers;
  workers.trials = trials_of(options, task.recipe);
  workers.progress = options.progress;
  workers.stop = options.stop;
  return run_workers(*search.store, workers);
}

int work_on_search(const SearchOptions& options, int index) {
  const OwnedFolder folder = take_trials_folder(trials_place(options));
  TrialSetup setup = setup_of(options, index, folder);
  std::optional<OwnedFolder> weights;
  if (setup.task.recipe.proxy.inherit) setup.weights = &weights.emplace(take_weights_folder(trials_place(options)));
  const SearchRecipe& recipe = setup.task.recipe;
  Planner planner({recipe.space, recipe.algorithm, recipe.seed, recipe.first,
                   [&](const arch::ScalePermuted& backbone) { return objection(setup.task, backbone); }});
  WorkerOptions worker;
  worker.store = options.study;
  worker.trials = trials_of(options, recipe);
  worker.lag = recipe.lag;
  worker.lease_seconds = options.lease_seconds;
  worker.stop = [&] { return options.stop() != 0; };
  worker.ended = tell_end;
  run_worker(worker, planner, recipe.space, [&](const arch::ScalePermuted& backbone, const TrialContext& context) {
    return try_architecture(setup, backbone, context);
  });
  return options.stop() != 0 ? 128 + options.stop() : 0;
}

}  // namespace spinenet::search
