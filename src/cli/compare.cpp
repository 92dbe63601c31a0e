// spinenet compare: architectures on the same data and budget, over several seeds.
#include <memory>

#include "base/error.h"
#include "base/format.h"
#include "cli/command.h"
#include "cli/compare_plan.h"
#include "cli/output.h"
#ifdef SPINENET_WITH_TORCH
#include "base/files.h"
#include "base/log.h"
#include "cli/compare_pictures.h"
#include "cli/compare_runs.h"
#include "cli/compare_view.h"
#include "cli/stop_signal.h"
#endif

namespace spinenet::cli {
namespace {

struct CompareFlags {
  std::vector<std::string> recipes;
  std::string seeds = "3";
  std::string out = "runs/compare";
  std::vector<std::string> settings;
};

#ifdef SPINENET_WITH_TORCH

CompareSetup setup_of(const CompareFlags& flags, const CommonOptions& common) {
  CompareSetup setup;
  setup.recipes.assign(flags.recipes.begin(), flags.recipes.end());
  setup.seeds = parse_seeds(flags.seeds);
  setup.out = flags.out;
  setup.progress = progress_of(common);
  if (common.threads > 0) setup.settings.push_back(fmt::format("threads={}", common.threads));
  for (const std::string& setting : flags.settings) {
    if (setting.starts_with("seed=")) fail(ErrorKind::usage, "--set seed has no meaning here", "", "use --seeds");
    setup.settings.push_back(setting);
  }
  return setup;
}

// The best model of each recipe's run in the middle.
std::vector<NamedModel> models_of(const CompareSetup& setup, const std::vector<Entrant>& entrants,
                                  const Comparison& comparison) {
  std::vector<NamedModel> models;
  for (size_t i = 0; i < entrants.size(); ++i) {
    const ComparedRun* run = median_run(comparison.contestants[i], main_number(comparison.task));
    if (run == nullptr) continue;
    models.push_back({entrants[i].name, run_folder(setup, entrants[i], run->seed) / "best.safetensors"});
  }
  return models;
}

int run_compare(const CompareFlags& flags, const Invocation& invocation) {
  CompareSetup setup = setup_of(flags, invocation.common);
  setup.stop_signal = &watch_stop_signals();
  const std::vector<Entrant> entrants = read_entrants(setup);
  const ValidationSet set = validation_set(entrants.front().recipe, setup.progress);
  const auto comparison = run_comparison(setup, entrants, static_cast<int>(set.classes.size()));
  if (!comparison) {
    log_info("stopped: the same command goes on from here");
    return 128 + *setup.stop_signal;
  }
  const Json json = to_json(*comparison);
  write_file_atomic(setup.out / "compare.json", to_text(json));
  plot::ComparePage page = page_of(*comparison);
  page.pictures = compared_pictures(set, models_of(setup, entrants, *comparison), threads_of(invocation.common));
  write_file_atomic(setup.out / "compare.html", plot::render_compare_page(page));
  if (invocation.common.json) {
    print_json(json);
  } else {
    print(table_text(table_rows(*comparison)));
  }
  log_info(fmt::format("page: {}", (setup.out / "compare.html").string()));
  if (*setup.stop_signal != 0) return 128 + *setup.stop_signal;
  for (const Contestant& c : comparison->contestants) {
    if (!c.failed.empty()) return 1;
  }
  return 0;
}

#else

int run_compare(const CompareFlags& flags, const Invocation&) {
  parse_seeds(flags.seeds);
  fail(ErrorKind::unsupported, "this build has no LibTorch, so it cannot train", "compare",
       "install libtorch-dev and build with -DSPINENET_BUILD_TRAIN=ON");
}

#endif

}  // namespace

void add_compare(CLI::App& app, Invocation& invocation) {
  const auto flags = std::make_shared<CompareFlags>();
  CLI::App& verb =
      *app.add_subcommand("compare", "Train several recipes with several seeds on the same data, and compare them");
  verb.add_option("RECIPE", flags->recipes, "Recipes, YAML files: the same data, picture size, budget and task")
      ->required()
      ->type_name("");
  verb.add_option("--seeds", flags->seeds, "How many, from 1 on, or a list: --seeds 3, --seeds 1,2,3")
      ->type_name("N|LIST")
      ->capture_default_str();
  verb.add_option("--out", flags->out, "The folder of the comparison: runs, compare.json, compare.html")
      ->type_name("DIR")
      ->capture_default_str();
  verb.add_option("--set", flags->settings, "Change a value of every recipe: --set epochs=4")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  add_json_flag(verb, invocation.common);
  add_common_flags(verb, invocation.common);
  verb.footer(
      "Example:\n  spinenet compare recipes/scenes-middle.yaml recipes/scenes-middle-resnet.yaml --seeds 2 --out "
      "runs/middle\n\n"
      "Interrupted in whatever way, the same command goes on: finished runs are kept, the one that was under way goes\n"
      "on from its last checkpoint.");
  verb.callback(
      [&invocation, flags] { invocation.run = [&invocation, flags] { return run_compare(*flags, invocation); }; });
}

}  // namespace spinenet::cli
