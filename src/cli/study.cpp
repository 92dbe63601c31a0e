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
#include "base/printable.h"
#include "base/text_table.h"
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

std::string score_text(const search::Trial& trial) {
  return trial.state == search::TrialState::complete ? fmt::format("{:.4f}", trial.measurement.score) : "";
}

std::string metric_count(const search::Trial& trial, const std::string& name) {
  const auto found = trial.measurement.metrics.find(name);
  return found == trial.measurement.metrics.end() ? "" : search::count_text(found->second);
}

std::string state_text(const search::Trial& trial) {
  if (trial.duplicate_of >= 0) return fmt::format("same as {}", trial.duplicate_of);
  if (trial.state == search::TrialState::failed)
    return fmt::format("{}: {}", name_of(trial.failure), printable(trial.reason));
  if (trial.state == search::TrialState::rejected) return "rejected: " + printable(trial.reason);
  return std::string(name_of(trial.state));
}

// Seconds that the trials still to come take at the pace so far, or -1.
double seconds_left(const search::Study& study) {
  const search::StudyStatus& s = study.status;
  const int64_t ended = s.trials - s.running;
  const int64_t left = study.task.recipe.trials - ended;
  const double taken = s.last_finished - s.first_started;
  return ended > 0 && left > 0 && taken > 0 ? taken / static_cast<double>(ended) * static_cast<double>(left) : -1;
}

std::string shown(const search::Study& study, int count) {
  std::vector<std::vector<std::string>> rows{{"trial", "score", "multiply-adds", "parameters", "worker", "state"}};
  const auto begin = static_cast<size_t>(std::max<int64_t>(0, static_cast<int64_t>(study.trials.size()) - count));
  for (size_t i = begin; i < study.trials.size(); ++i) {
    const search::Trial& t = study.trials[i];
    rows.push_back({std::to_string(t.number), score_text(t), metric_count(t, "multiply_adds"),
                    metric_count(t, "parameters"), printable(t.worker), state_text(t)});
  }
  return table_text(rows);
}

int run_study_show(const StudyFlags& flags, const CommonOptions& common) {
  while (true) {
    const search::Study study = search::read_study(flags.address());
    const Json summary = study_summary(study);
    if (common.json) {
      Json document = summary;
      document["trial_list"] = Json::array();
      for (const search::Trial& trial : study.trials) document["trial_list"].push_back(to_json(trial));
      print_json(document);
      return 0;
    }
    if (flags.watch) print("\033[H\033[2J");
    print(search::study_summary_text(summary) + "\n" + shown(study, flags.count));
    if (!flags.watch) return 0;
    if (const double left = seconds_left(study); left > 0) print(fmt::format("\nabout {} left\n", duration_text(left)));
    if (study.status.running == 0 && study.status.trials > 0) return 0;
    std::this_thread::sleep_for(std::chrono::seconds(2));
  }
}

int run_study_best(const StudyFlags& flags, const CommonOptions& common) {
  const search::Study study = search::read_study(flags.address());
  const std::vector<const search::Trial*> order = ranked(study);
  const size_t count = std::min(order.size(), static_cast<size_t>(flags.count));
  if (common.json) {
    Json document = Json::array();
    for (size_t i = 0; i < count; ++i) {
      document.push_back(to_json(*order[i]));
      document.back()["architecture"] = to_json(architecture_of(study, *order[i]));
    }
    print_json(document);
    return 0;
  }
  std::vector<std::vector<std::string>> rows{{"trial", "score", "multiply-adds", "parameters", "network"}};
  for (size_t i = 0; i < count; ++i) {
    const search::Trial& t = *order[i];
    rows.push_back({std::to_string(t.number), score_text(t), metric_count(t, "multiply_adds"),
                    metric_count(t, "parameters"), fmt::format("{:016x}", t.hash)});
  }
  print(table_text(rows));
  return 0;
}

const search::Trial& wanted_trial(const search::Study& study, int64_t number) {
  if (number >= 0) {
    for (const search::Trial& trial : study.trials) {
      if (trial.number == number) return trial;
    }
    fail(ErrorKind::usage, fmt::format("no trial {}", number), study.place,
         fmt::format("it has trials 0 to {}", static_cast<int64_t>(study.trials.size()) - 1));
  }
  const std::vector<const search::Trial*> order = ranked(study);
  if (order.empty()) fail(ErrorKind::failed, "no trial has been measured yet", study.place, "name one with --trial");
  return *order.front();
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
                          to_text(to_json(architecture_of(study, wanted_trial(study, flags.trial)))));
  }
  if (files.csv) contents.emplace_back(&*files.csv, to_csv(study));
  if (files.json) {
    Json document = study_summary(study);
    document["recipe"] = to_yaml(study.task.recipe);
    document["trial_list"] = Json::array();
    for (const search::Trial& trial : study.trials) document["trial_list"].push_back(to_json(trial));
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
  show.add_option("-n,--count", flags->count, "Trials to list")->check(within(1, 1e9))->capture_default_str();
  show.add_flag("--watch", flags->watch, "Again every two seconds, until it is complete");
  add_json_flag(show, invocation.common);
  add_common_flags(show, invocation.common);
  show.callback([&invocation, flags] {
    invocation.run = [&invocation, flags] { return run_study_show(*flags, invocation.common); };
  });

  CLI::App& best = *verb.add_subcommand("best", "The best networks, each once");
  add_place(best, *flags, invocation.paths);
  best.add_option("-n,--count", flags->count, "Networks to list")->check(within(1, 1e9))->capture_default_str();
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
