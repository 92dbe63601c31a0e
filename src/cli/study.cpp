// spinenet study show|best|export: looking at a search, from any machine that reaches its store.
#include "search/study/study.h"

#include <chrono>
#include <memory>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "arch/text.h"
#include "base/error.h"
#include "base/format.h"
#include "base/log.h"
#include "cli/command.h"
#include "cli/output.h"
#include "search/study/study_page.h"
#include "search/study/study_text.h"

namespace spinenet::cli {
namespace {

struct StudyFlags {
  search::StudyAddress address() const { return study; }

  std::string study;
  int count = 10;
  bool watch = false;
  int64_t trial = -1;
  std::string architecture, csv, json, html;
  std::vector<std::string> others;
  bool overwrite = false;
};

int run_study_show(const StudyFlags& flags, const CommonOptions& common) {
  while (true) {
    const search::Study study = search::read_study(flags.address());
    if (common.json) {
      print_json(search::study_document(study));
      return 0;
    }
    if (flags.watch) print("\033[H\033[2J");
    print(search::study_summary_text(study_summary(study)) + "\n" + search::last_trials_text(study, flags.count));
    if (!flags.watch) return 0;
    if (const double left = search::seconds_left(study); left > 0) {
      print(fmt::format("\nabout {} left\n", duration_text(left)));
    }
    if (study.status.running == 0 && study.status.trials > 0) return 0;
    std::this_thread::sleep_for(std::chrono::seconds(2));
  }
}

int run_study_best(const StudyFlags& flags, const CommonOptions& common) {
  const search::Study study = search::read_study(flags.address());
  print_result(common, search::best_document(study, flags.count), search::best_trials_text(study, flags.count));
  return 0;
}

// The files that were asked for, checked before the study is read.
struct ExportFiles {
  std::optional<Output> architecture, csv, json, html;
};

ExportFiles export_files(const StudyFlags& flags, RunFiles files) {
  const auto output = [&](const std::string& path, std::string_view flag) {
    return output_if_named(files, {path, fmt::format("study export {}", flag), flags.overwrite});
  };
  return {output(flags.architecture, "--architecture"), output(flags.csv, "--csv"), output(flags.json, "--json"),
          output(flags.html, "--html")};
}

int run_study_export(const StudyFlags& flags, const Invocation& invocation) {
  if (flags.architecture.empty() && flags.csv.empty() && flags.json.empty() && flags.html.empty()) {
    fail(ErrorKind::usage, "nothing to export", "", "give --architecture, --csv, --json or --html with a file");
  }
  const ExportFiles files = export_files(flags, invocation.files);
  const search::Study study = search::read_study(flags.address());
  // All of them are made before the first is written: a study that cannot be leaves no part of an export.
  std::vector<std::pair<const Output*, std::string>> contents;
  if (files.architecture) {
    contents.emplace_back(&*files.architecture,
                          to_text(to_json(architecture_of(study, search::trial_or_best(study, flags.trial)))));
  }
  if (files.csv) contents.emplace_back(&*files.csv, to_csv(study));
  if (files.json) {
    Json document = search::study_document(study);
    document["recipe"] = to_yaml(study.task.recipe);
    contents.emplace_back(&*files.json, to_text(document));
  }
  if (files.html) {
    std::vector<search::Study> others;
    for (const std::string& place : flags.others) others.push_back(search::read_study(search::StudyAddress(place)));
    contents.emplace_back(&*files.html, search::study_page(study, others));
  }
  for (const auto& [output, content] : contents) {
    output->write(content);
    log_info(fmt::format("written: {}", output->path().string()));
  }
  return 0;
}

void add_place(CLI::App& verb, StudyFlags& flags, PathTable& paths) {
  paths.add(verb,
            verb.add_option("STUDY", flags.study, "A SQLite file, or postgresql://user@host/database")
                ->required()
                ->type_name(""),
            PathRole::study, "the study");
}

}  // namespace

void add_study(CLI::App& app, Invocation& invocation) {
  const auto flags = std::make_shared<StudyFlags>();
  CLI::App& verb = *app.add_subcommand("study", "Look at an architecture search: show, best, export");
  verb.require_subcommand(1);

  CLI::App& show = *verb.add_subcommand("show", "How far it is, and its last trials");
  add_place(show, *flags, invocation.paths);
  show.add_option("-n,--count", flags->count, "Trials to list")
      ->check(within(1, 1e9))
      ->type_name("N")
      ->capture_default_str();
  show.add_flag("--watch", flags->watch, "Again every two seconds, until it is complete");
  add_json_flag(show, invocation.common);
  add_common_flags(show, invocation.common);
  show.callback([&invocation, flags] {
    invocation.run = [&invocation, flags] { return run_study_show(*flags, invocation.common); };
  });

  CLI::App& best = *verb.add_subcommand("best", "The best networks, each once");
  add_place(best, *flags, invocation.paths);
  best.add_option("-n,--count", flags->count, "Networks to list")
      ->check(within(1, 1e9))
      ->type_name("N")
      ->capture_default_str();
  add_json_flag(best, invocation.common);
  add_common_flags(best, invocation.common);
  best.callback([&invocation, flags] {
    invocation.run = [&invocation, flags] { return run_study_best(*flags, invocation.common); };
  });

  CLI::App& out = *verb.add_subcommand("export", "Trials as files, a network as architecture JSON, the page");
  add_place(out, *flags, invocation.paths);
  const auto add_file = [&](const char* name, std::string& file, const char* text) {
    invocation.paths.add(out, out.add_option(name, file, text)->type_name("FILE"), PathRole::output);
  };
  add_file("--architecture", flags->architecture, "Write the best network, or that of --trial, for every other verb");
  out.add_option("--trial", flags->trial, "Which network")->check(within(0, 1e15))->type_name("N");
  add_file("--csv", flags->csv, "Write every trial, one line each");
  add_file("--json", flags->json, "Write the study with every trial");
  add_file("--html", flags->html, "Write the page: scores, costs, orders, the best networks drawn");
  add_overwrite_flag(out, flags->overwrite);
  invocation.paths.add(out,
                       out.add_option("--compare", flags->others, "Other studies whose best-so-far the page shows, too")
                           ->type_name("STUDY"),
                       PathRole::study, "a study");
  add_common_flags(out, invocation.common);
  out.callback(
      [&invocation, flags] { invocation.run = [&invocation, flags] { return run_study_export(*flags, invocation); }; });
}

}  // namespace spinenet::cli
