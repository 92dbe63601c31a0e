// spinenet search: workers try architectures until the study has enough trials.
#include <algorithm>
#include <atomic>
#include <memory>

#include "base/error.h"
#include "base/stop_signal.h"
#include "cli/command.h"
#include "cli/output.h"
#include "cli/training_program.h"
#include "search/run_search.h"
#include "search/search_recipe.h"
#include "search/study/study.h"
#include "search/study/study_text.h"

namespace spinenet::cli {
namespace {

struct SearchFlags {
  std::string recipe;
  std::string study;
  std::string folder;
  std::string weights;
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

// A worker's stands in its environment, where others cannot read it.
search::StudyAddress address_of(const SearchFlags& flags) {
  return flags.worker >= 0 ? search::inherited_address(flags.study) : search::StudyAddress(flags.study);
}

search::SearchOptions options_of(const SearchFlags& flags, const Invocation& invocation) {
  const CommonOptions& common = invocation.common;
  search::SearchOptions options;
  options.study = address_of(flags);
  options.recipe = flags.recipe;
  options.settings = flags.settings;
  options.folder = flags.folder;
  options.weights = flags.weights;
  options.begin_with = flags.begin_with;
  options.begin_count = flags.begin_count;
  options.trials = flags.trials;
  options.workers = flags.workers;
  options.gpus = flags.gpus;
  options.threads = common.threads > 0 ? common.threads : std::max(1, threads_of(common) / flags.workers);
  options.lease_seconds = flags.lease;
  options.keep_runs = flags.keep_runs;
  options.training = {need_training_program("search"), training_environment(invocation.build_id)};
  options.arguments = invocation.arguments;
  options.progress = progress_of(common);
  options.quiet = common.quiet;
  const std::atomic<int>& stop_signal = watch_stop_signals();
  options.stop = [&stop_signal] { return stop_signal.load(); };
  return options;
}

int run_search(const SearchFlags& flags, const Invocation& invocation) {
  if (flags.keys) {
    print(search::search_recipe_keys());
    return 0;
  }
  const search::SearchOptions options = options_of(flags, invocation);
  if (flags.worker >= 0) return search::work_on_search(options, flags.worker);
  const int status = search::lead_search(options);
  if (status != 0 && !search::find_study(options.study)) return status;
  const Json summary = search::study_summary(*search::look_at_store(options.study), options.study);
  print_result(invocation.common, summary, search::study_summary_text(summary));
  return status;
}

void add_folders(CLI::App& verb, PathTable& paths, SearchFlags& flags) {
  paths.add(verb,
            verb.add_option("--out", flags.folder, "Folder of the trials, of this study alone")
                ->type_name("DIR")
                ->default_str("STUDY.trials, with PostgreSQL runs/search-ID.trials"),
            PathRole::owned_folder);
  paths.add(verb,
            verb.add_option("--weights", flags.weights,
                            "Folder of the weights that trials leave for later ones (proxy.inherit), of this study"
                            " alone; machines that search together share it")
                ->type_name("DIR")
                ->default_str("weights in the folder of the trials"),
            PathRole::owned_folder);
}

}  // namespace

void add_search(CLI::App& app, Invocation& invocation) {
  const auto flags = std::make_shared<SearchFlags>();
  CLI::App& verb = *app.add_subcommand("search", "Search for scale-permuted networks on a detection task");
  PathTable& paths = invocation.paths;
  paths.add(verb, verb.add_option("RECIPE", flags->recipe, "The search recipe, a YAML file")->type_name(""),
            PathRole::input, "the recipe");
  paths.add(verb,
            verb.add_option("--study", flags->study,
                            "Where the study lives: a SQLite file, or postgresql://user@host/database, whose password"
                            " is best left to PGPASSFILE or PGPASSWORD")
                ->type_name("PLACE"),
            PathRole::study, "the study");
  verb.add_option("--trials", flags->trials, "Trials of the study")
      ->check(within(1, 1e12))
      ->type_name("N")
      ->default_str("the recipe's");
  verb.add_option("--workers", flags->workers, "Processes on this machine that try architectures")
      ->check(within(1, 4096))
      ->type_name("N")
      ->capture_default_str();
  verb.add_option("--set", flags->settings, "Change a value of the recipe: --set algorithm.kind=evolution")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  paths.add(verb,
            verb.add_option("--begin-with", flags->begin_with,
                            "Begin with another study's best networks, or with an architecture; several times")
                ->type_name("STUDY|NAME")
                ->allow_extra_args(false),
            PathRole::study, "a study");
  verb.add_option("--begin-count", flags->begin_count, "So many of each study")
      ->check(within(1, 1e6))
      ->type_name("N")
      ->capture_default_str();
  add_folders(verb, paths, *flags);
  verb.add_option("--gpus", flags->gpus, "GPUs of this machine: worker i uses GPU i modulo N")
      ->check(within(0, 1024))
      ->type_name("N");
  verb.add_option("--lease", flags->lease, "Seconds after which a silent worker's trial is given to another")
      ->check(within(1, 86400))
      ->type_name("S")
      ->capture_default_str();
  verb.add_flag("--keep-runs", flags->keep_runs,
                "Keep the run folders of measured trials, too, not only of failed ones");
  verb.add_flag("--keys", flags->keys, "Print every key of a search recipe, as docs/search-config.md");
  verb.add_option("--worker", flags->worker)->group("")->type_name("N");
  add_json_flag(verb, invocation.common);
  add_common_flags(verb, invocation.common);
  verb.footer(
      "Examples:\n  spinenet search recipes/search-scenes.yaml --study scenes.study --workers 2\n"
      "  spinenet search recipes/search-scenes-busy.yaml --study busy.study --begin-with scenes.study\n"
      "  spinenet search recipes/search-scenes.yaml --study postgresql://spinenet@db/search --workers 8 --gpus 8\n\n"
      "The same command again goes on with the study; on other machines it joins in.");
  verb.callback([&invocation, flags] {
    invocation.run = [&invocation, flags] {
      if (flags->keys) return run_search(*flags, invocation);
      if (flags->recipe.empty()) fail(ErrorKind::usage, "RECIPE is missing", "", "see spinenet search --help");
      if (!flags->study.empty()) return run_search(*flags, invocation);
      fail(ErrorKind::usage, "--study is missing", "", "name a file, or postgresql://user@host/database");
    };
  });
}

}  // namespace spinenet::cli
