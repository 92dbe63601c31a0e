// A study out of its store, and its trials as JSON and CSV.
#include <algorithm>
#include <set>
#include <unordered_set>

#include "arch/text.h"
#include "base/error.h"
#include "base/format.h"
#include "cli/output.h"
#include "cli/study.h"

namespace spinenet::cli {
namespace {

Json number_or_null(double value, bool known) {
  return known ? Json(value) : Json(nullptr);
}

std::string csv_text(std::string_view text) {
  if (text.find_first_of(",\"\n\r") == std::string_view::npos) return std::string(text);
  std::string body;
  for (const char c : text) {
    if (c == '"') body += c;
    body += c;
  }
  return fmt::format("\"{}\"", body);
}

}  // namespace

search::StudyDescription describe_study(const TrialSetup& setup, const std::string& training) {
  // Where the files lie may change; everything else makes another study. Seed and lag are named by themselves.
  search::SearchRecipe recipe = setup.recipe;
  recipe.seed = 1;
  recipe.lag = 1;
  recipe.proxy.data_root.clear();
  recipe.proxy.recipe = std::filesystem::path(recipe.proxy.recipe).filename().string();
  search::StudyDescription description;
  description.space = to_text(recipe.space);
  description.algorithm = search::options_text(recipe.algorithm);
  description.seed = setup.recipe.seed;
  description.lag = setup.recipe.lag;
  description.task = to_text(Json{{"image_size", setup.image_size},
                                  {"classes", setup.classes},
                                  {"architecture", to_json(setup.base)},
                                  {"training", training},
                                  {"recipe", to_yaml(recipe)}});
  return description;
}

Study described_study(const std::string& place, const search::StudyDescription& description) {
  Study study;
  study.place = place;
  study.description = description;
  const Json task = parse_json(study.description.task, place);
  for (const std::string_view key : {"image_size", "classes", "architecture", "recipe"}) {
    if (!task.contains(key)) {
      fail(ErrorKind::bad_data, fmt::format("its description lacks {}", key), place, "was it made by spinenet search?");
    }
  }
  study.recipe = search::parse_search_recipe(task["recipe"].get<std::string>(), place);
  study.recipe.seed = study.description.seed;
  study.recipe.lag = study.description.lag;
  study.base = arch::architecture_from_json(task["architecture"], place);
  study.image_size = task["image_size"];
  study.classes = task["classes"];
  return study;
}

Study read_study(const std::string& place) {
  const std::unique_ptr<search::Store> store = search::open_store(place, false);
  Study study = described_study(place, store->description());
  study.status = store->status();
  study.trials = store->trials();
  return study;
}

std::vector<const search::Trial*> ranked(const Study& study) {
  std::vector<const search::Trial*> found;
  std::unordered_set<uint64_t> seen;
  for (const search::Trial& trial : study.trials) {
    if (trial.state == search::TrialState::complete && seen.insert(trial.hash).second) found.push_back(&trial);
  }
  std::ranges::stable_sort(found, [](const search::Trial* a, const search::Trial* b) {
    return a->measurement.score > b->measurement.score;
  });
  return found;
}

arch::Architecture architecture_of(const Study& study, const search::Trial& trial) {
  TrialSetup setup;
  setup.recipe = study.recipe;
  setup.base = study.base;
  setup.image_size = study.image_size;
  setup.classes = study.classes;
  return candidate(setup, arch::replay(study.recipe.space, trial.choices).backbone);
}

Json to_json(const search::Trial& trial) {
  const bool measured = trial.state == search::TrialState::complete;
  Json json{{"number", trial.number},
            {"state", name_of(trial.state)},
            {"score", number_or_null(trial.measurement.score, measured)},
            {"metrics", Json::object()},
            {"hash", fmt::format("{:016x}", trial.hash)},
            {"choices", trial.choices},
            {"duplicate_of", trial.duplicate_of >= 0 ? Json(trial.duplicate_of) : Json(nullptr)},
            {"attempts", trial.attempts},
            {"worker", trial.worker},
            {"started", trial.started},
            {"finished", number_or_null(trial.finished, trial.finished > 0)}};
  for (const auto& [name, value] : trial.measurement.metrics) json["metrics"][name] = value;
  if (trial.state == search::TrialState::failed) json["failure"] = name_of(trial.failure);
  if (!trial.reason.empty()) json["reason"] = trial.reason;
  return json;
}

std::string to_csv(const Study& study) {
  std::set<std::string> metrics;
  for (const search::Trial& trial : study.trials) {
    for (const auto& [name, value] : trial.measurement.metrics) metrics.insert(name);
  }
  std::string csv = "number,state,score,hash,duplicate_of,attempts,worker,started,finished,failure,reason";
  for (const std::string& name : metrics) csv += fmt::format(",{}", csv_text(name));
  csv += ",choices\n";
  for (const search::Trial& t : study.trials) {
    const bool measured = t.state == search::TrialState::complete;
    csv += fmt::format("{},{},{},{:016x},{},{},{},{:.3f},{:.3f},{},{}", t.number, name_of(t.state),
                       measured ? fmt::format("{}", t.measurement.score) : "", t.hash,
                       t.duplicate_of >= 0 ? std::to_string(t.duplicate_of) : "", t.attempts, csv_text(t.worker),
                       t.started, t.finished, t.state == search::TrialState::failed ? name_of(t.failure) : "",
                       csv_text(t.reason));
    for (const std::string& name : metrics) {
      const auto found = t.measurement.metrics.find(name);
      csv += found == t.measurement.metrics.end() ? "," : fmt::format(",{}", found->second);
    }
    csv += fmt::format(",{}\n", fmt::join(t.choices, " "));
  }
  return csv;
}

Json study_summary(search::Store& store, const std::string& place) {
  const search::StudyStatus s = store.status();
  Json summary{{"study", place},     {"trials", s.trials},     {"running", s.running},       {"complete", s.complete},
               {"failed", s.failed}, {"rejected", s.rejected}, {"duplicates", s.duplicates}, {"best", nullptr}};
  if (s.best >= 0) summary["best"] = to_json(store.trials(s.best, 1).at(0));
  return summary;
}

std::string study_summary_text(const Json& summary) {
  std::string text = fmt::format(
      "{}: {} trials, {} measured ({} of them known networks), {} failed, {} refused, {} running\n",
      summary["study"].get<std::string>(), summary["trials"].get<int64_t>(), summary["complete"].get<int64_t>(),
      summary["duplicates"].get<int64_t>(), summary["failed"].get<int64_t>(), summary["rejected"].get<int64_t>(),
      summary["running"].get<int64_t>());
  const Json& best = summary["best"];
  if (best.is_null()) return text;
  text += fmt::format("best: trial {}, score {:.4f}", best["number"].get<int64_t>(), best["score"].get<double>());
  const Json& metrics = best["metrics"];
  if (metrics.contains("multiply_adds")) {
    text +=
        fmt::format(", {} multiply-adds", short_count(static_cast<int64_t>(metrics["multiply_adds"].get<double>())));
  }
  return text + "\n";
}

std::string search_recipe_keys() {
  return "# Keys of a search recipe\n\nWritten by `spinenet search --keys`.\n\n" + document(search::SearchRecipe{});
}

}  // namespace spinenet::cli
