// spinenet compare: architectures on the same data and budget, over several seeds.
#include "compare/compare.h"

#include <algorithm>
#include <memory>

#include "base/error.h"
#include "base/format.h"
#include "base/log.h"
#include "base/stop_signal.h"
#include "cli/command.h"
#include "cli/training_program.h"
#include "compare/plan.h"
#include "compare/table.h"

namespace spinenet::cli {
namespace {

struct CompareFlags {
  std::vector<std::string> recipes;
  std::string seeds = "3";
  std::string at = "best";
  std::string baseline;
  std::string out = "runs/compare";
  std::vector<std::string> settings;
};

compare::CompareSetup setup_of(const CompareFlags& flags, const Invocation& invocation) {
  compare::CompareSetup setup;
  setup.recipes.assign(flags.recipes.begin(), flags.recipes.end());
  setup.seeds = compare::parse_seeds(flags.seeds);
  setup.at = compare::parse_measured_at(flags.at);
  setup.baseline = flags.baseline;
  setup.out = flags.out;
  setup.progress = progress_of(invocation.common);
  const int threads = invocation.common.threads;
  if (threads > 0) setup.settings.push_back(fmt::format("threads={}", threads));
  for (const std::string& setting : flags.settings) {
    if (setting.starts_with("seed=")) fail(ErrorKind::usage, "--set seed has no meaning here", "", "use --seeds");
    setup.settings.push_back(setting);
  }
  return setup;
}

int run_compare(const CompareFlags& flags, const Invocation& invocation) {
  compare::CompareSetup setup = setup_of(flags, invocation);
  if (!invocation.training) become_training_program(invocation, "compare");
  setup.training = invocation.training->compare;
  setup.stop_signal = &watch_stop_signals();
  const auto comparison = compare::compare(setup, threads_of(invocation.common));
  if (!comparison) {
    log_info("stopped: the same command goes on from here");
    return 128 + *setup.stop_signal;
  }
  print_result(invocation.common, to_json(*comparison), terminal_text(*comparison));
  if (*setup.stop_signal != 0) return 128 + *setup.stop_signal;
  const auto has_failed = [](const compare::Contestant& c) { return !c.failed.empty(); };
  return std::ranges::any_of(comparison->contestants, has_failed) ? 1 : 0;
}

}  // namespace

void add_compare(CLI::App& app, Invocation& invocation) {
  const auto flags = std::make_shared<CompareFlags>();
  CLI::App& verb =
      *app.add_subcommand("compare", "Train several recipes with several seeds on the same data, and compare them");
  PathTable& paths = invocation.paths;
  paths.add(verb,
            verb.add_option("RECIPE", flags->recipes, "Recipes, YAML files: the same data, image size, budget and task")
                ->required()
                ->type_name(""),
            PathRole::input, "a recipe");
  verb.add_option("--seeds", flags->seeds, "How many, from 1 on, or a list: --seeds 3, --seeds 1,2,3")
      ->type_name("N|LIST")
      ->capture_default_str();
  verb.add_option("--at", flags->at, "Which measurement of a run counts: best, last, or that of a step")
      ->type_name("STEP")
      ->capture_default_str();
  verb.add_option("--baseline", flags->baseline, "The recipe, by name, that the others are compared with")
      ->type_name("NAME")
      ->default_str("the first");
  paths.add(verb,
            verb.add_option("--out", flags->out, "The folder of the comparison: runs, compare.json, compare.html")
                ->type_name("DIR")
                ->capture_default_str(),
            PathRole::owned_folder);
  verb.add_option("--set", flags->settings, "Change a value of every recipe: --set epochs=4")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  add_json_flag(verb, invocation.common);
  add_common_flags(verb, invocation.common);
  verb.footer(
      "Example:\n  spinenet compare recipes/scenes-middle.yaml recipes/scenes-middle-resnet.yaml --seeds 2 --out "
      "runs/middle\n\n"
      "With two seeds and more each difference from the first recipe has its 95 % interval. The best of many\n"
      "measurements favours runs that scatter much: --at last or --at STEP take the same one of all.\n\n"
      "Interrupted in whatever way, the same command goes on: finished runs are kept, the one that was under way goes\n"
      "on from its last checkpoint.");
  verb.callback(
      [&invocation, flags] { invocation.run = [&invocation, flags] { return run_compare(*flags, invocation); }; });
}

}  // namespace spinenet::cli
