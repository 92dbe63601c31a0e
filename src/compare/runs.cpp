#include "compare/runs.h"

#include "arch/task.h"
#include "base/error.h"
#include "base/format.h"
#include "base/log.h"
#include "base/yaml_file.h"
#include "graph/network_cost.h"

namespace spinenet::compare {
namespace {

enum class RunEnd { finished, stopped };

std::vector<std::string> settings_of(const CompareSetup& setup, uint64_t seed) {
  std::vector<std::string> settings = setup.settings;
  settings.push_back(fmt::format("seed={}", seed));
  return settings;
}

// What is in the folder must be what is asked for now: a comparison must not mix recipes quietly. Keys that an earlier
// program did not have count with their defaults.
void check_recipe(const CompareSetup& setup, const Entrant& entrant, uint64_t seed) {
  const std::filesystem::path folder = run_folder(setup, entrant, seed), kept = folder / "recipe.yaml";
  const std::string wanted = setup.training.read(entrant.path, settings_of(setup, seed)).text;
  if (read_yaml_file(kept) == wanted || setup.training.read(kept, {}).text == wanted) return;
  fail(ErrorKind::usage, fmt::format("holds a run of another recipe than {} is now", entrant.path.string()),
       folder.string(), "give the same recipes, --set and --threads as before, or another folder with --out");
}

RunEnd run_one(const CompareSetup& setup, const OwnedFolder& all, const Entrant& entrant, uint64_t seed) {
  const std::filesystem::path folder = run_folder(setup, entrant, seed);
  const std::string finished = fmt::format("{}/seed-{}.json", entrant.name, seed);
  const bool begun = std::filesystem::exists(folder / "recipe.yaml");
  if (begun) check_recipe(setup, entrant, seed);
  if (begun && all.holds(finished)) {
    log_info(fmt::format("{}, seed {}: finished before", entrant.name, seed));
    return RunEnd::finished;
  }
  log_info(fmt::format("{}, seed {}: {} in {}", entrant.name, seed, begun ? "going on" : "training", folder.string()));
  TrainRequest request;
  request.out = folder;
  request.resume = begun;
  if (!begun) {
    request.recipe = entrant.path;
    request.settings = settings_of(setup, seed);
  }
  request.progress = setup.progress;
  request.stop_signal = setup.stop_signal;
  const Json summary = setup.training.train(request);
  if (summary.value("stopped_by_signal", false)) return RunEnd::stopped;
  all.file(finished).write(to_text(summary));
  return RunEnd::finished;
}

bool stopped(const CompareSetup& setup) {
  return setup.stop_signal != nullptr && setup.stop_signal->load() != 0;
}

Contestant contestant_of(const Entrant& entrant, int classes) {
  const int size = entrant.recipe.image_size;
  const graph::Cost price = graph::network_cost(entrant.recipe.architecture, entrant.recipe.task,
                                                {.height = size, .width = size, .classes = classes});
  return {entrant.name, entrant.recipe.architecture.name, price.parameters, price.multiply_adds, {}, {}};
}

}  // namespace

std::vector<Entrant> read_entrants(const CompareSetup& setup) {
  const std::vector<std::string> names = contestant_names(setup.recipes);
  std::vector<Entrant> entrants;
  std::vector<NamedValues> shared;
  for (size_t i = 0; i < names.size(); ++i) {
    ReadRecipe recipe = setup.training.read(setup.recipes[i], setup.settings);
    shared.push_back({setup.recipes[i].string(), recipe.shared});
    arch::require_task(recipe.architecture, recipe.task);
    entrants.push_back({names[i], setup.recipes[i], std::move(recipe)});
  }
  require_alike(shared);
  return entrants;
}

std::filesystem::path run_folder(const CompareSetup& setup, const Entrant& entrant, uint64_t seed) {
  return setup.out / entrant.name / fmt::format("seed-{}", seed);
}

std::optional<Comparison> run_comparison(const CompareSetup& setup, const OwnedFolder& folder,
                                         const std::vector<Entrant>& entrants, int classes) {
  Comparison comparison;
  comparison.task = entrants.front().recipe.task;
  comparison.image_size = entrants.front().recipe.image_size;
  comparison.seeds = setup.seeds;
  comparison.at = setup.at;
  for (const Entrant& entrant : entrants) comparison.contestants.push_back(contestant_of(entrant, classes));
  for (const std::string& caution : cautions(comparison)) log_warning(caution);
  for (const uint64_t seed : setup.seeds) {
    for (size_t i = 0; i < entrants.size(); ++i) {
      if (stopped(setup)) return std::nullopt;
      Contestant& contestant = comparison.contestants[i];
      try {
        if (run_one(setup, folder, entrants[i], seed) == RunEnd::stopped) return std::nullopt;
        contestant.runs.push_back(
            read_run(run_folder(setup, entrants[i], seed), {seed, main_number(comparison.task), setup.at}));
      } catch (const Error& error) {
        // A network that cannot be trained so is a result; all else is a fault of what was asked, or of the machine.
        if (error.kind() != ErrorKind::failed) throw;
        log_warning(fmt::format("{}, seed {}: {}", entrants[i].name, seed, error.what()));
        contestant.failed.push_back({seed, error.what()});
      }
    }
  }
  return comparison;
}

}  // namespace spinenet::compare
