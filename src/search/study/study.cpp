#include "search/study/study.h"

#include <algorithm>
#include <optional>
#include <set>
#include <unordered_set>

#include "arch/text.h"
#include "base/error.h"
#include "base/format.h"

namespace spinenet::search {
namespace {

Json number_or_null(double value, bool known) {
  return known ? Json(value) : Json(nullptr);
}

int size_in(const Json& json, const char* key, std::string_view place) {
  constexpr int64_t kMost = 1 << 20;
  const Json& value = json[key];
  const bool sound = value.is_number_integer() && value >= 1 && value <= kMost;
  if (!sound) fail(ErrorKind::bad_data, fmt::format("its description has no sound {}", key), place);
  return value.get<int>();
}

Json summary_of(const StudyStatus& s, const std::string& place, const std::optional<Trial>& best) {
  Json summary{{"study", place},         {"trials", s.trials},         {"running", s.running},
               {"complete", s.complete}, {"failed", s.failed},         {"lost", s.lost},
               {"rejected", s.rejected}, {"duplicates", s.duplicates}, {"best", nullptr}};
  if (s.best < 0) return summary;
  if (!best || best->number != s.best || best->state != TrialState::complete) {
    fail(ErrorKind::bad_data, fmt::format("the study is damaged: its best trial {} was not measured", s.best), place,
         "restore a copy of it");
  }
  summary["best"] = to_json(*best);
  return summary;
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

StudyDescription describe_study(const SearchTask& task, const std::string& training) {
  // A study takes two listings of one graph for one network, which the order of blocks would tell apart.
  if (task.base.edges != arch::Edges::all) {
    fail(ErrorKind::usage, fmt::format("a search has no meaning with edges {}", name_of(task.base.edges)),
         fmt::format("architecture {}", task.base.name), "leave edges out: it is for ablations of one graph");
  }
  // Where the files lie may change; everything else makes another study. Seed and lag are named by themselves.
  SearchRecipe recipe = task.recipe;
  recipe.seed = 1;
  recipe.lag = 1;
  recipe.proxy.data_root.clear();
  recipe.proxy.recipe = std::filesystem::path(recipe.proxy.recipe).filename().string();
  StudyDescription description;
  description.space = to_text(recipe.space);
  description.algorithm = options_text(recipe.algorithm);
  description.seed = task.recipe.seed;
  description.lag = task.recipe.lag;
  description.task = to_text(Json{{"image_size", task.image_size},
                                  {"classes", task.classes},
                                  {"architecture", to_json(task.base)},
                                  {"training", training},
                                  {"recipe", to_yaml(recipe)}});
  return description;
}

Study described_study(const std::string& place, const StudyDescription& description) {
  Study study;
  study.place = place;
  study.description = description;
  const Json json = parse_json(study.description.task, place);
  for (const std::string_view key : {"image_size", "classes", "architecture", "recipe"}) {
    if (!json.is_object() || !json.contains(key) || (key == "recipe" && !json[key].is_string())) {
      fail(ErrorKind::bad_data, fmt::format("its description lacks {}", key), place, "was it made by spinenet search?");
    }
  }
  SearchTask& task = study.task;
  task.recipe = parse_search_recipe(json["recipe"].get<std::string>(), place);
  task.recipe.seed = study.description.seed;
  task.recipe.lag = study.description.lag;
  task.base = arch::architecture_from_json(json["architecture"], place);
  task.image_size = size_in(json, "image_size", place);
  task.classes = size_in(json, "classes", place);
  return study;
}

Study read_study(const StudyAddress& address) {
  const std::unique_ptr<Store> store = look_at_store(address);
  Study study = described_study(address.shown(), store->description());
  study.status = store->status();
  study.trials = store->trials();
  for (size_t i = 0; i < study.trials.size(); ++i) {
    if (study.trials[i].number == static_cast<int64_t>(i)) continue;
    fail(ErrorKind::bad_data, fmt::format("the study is damaged: trial {} is missing", i), study.place,
         "restore a copy of it");
  }
  return study;
}

std::vector<const Trial*> ranked(const Study& study) {
  std::vector<const Trial*> found;
  std::unordered_set<uint64_t> seen;
  for (const Trial& trial : study.trials) {
    if (trial.state == TrialState::complete && seen.insert(trial.hash).second) found.push_back(&trial);
  }
  std::ranges::stable_sort(found,
                           [](const Trial* a, const Trial* b) { return a->measurement.score > b->measurement.score; });
  return found;
}

arch::Architecture architecture_of(const Study& study, const Trial& trial) {
  return candidate(study.task, backbone_of(study, trial));
}

arch::ScalePermuted backbone_of(const Study& study, const Trial& trial) {
  const std::string place = fmt::format("{}: trial {}", study.place, trial.number);
  return arch::replay(study.task.recipe.space, trial.choices, place).backbone;
}

Json to_json(const Trial& trial) {
  const bool measured = trial.state == TrialState::complete;
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
  if (trial.state == TrialState::failed) json["failure"] = name_of(trial.failure);
  if (!trial.measurement.weights.empty()) json["weights"] = trial.measurement.weights;
  if (!trial.reason.empty()) json["reason"] = trial.reason;
  return json;
}

std::string to_csv(const Study& study) {
  std::set<std::string> metrics;
  for (const Trial& trial : study.trials) {
    for (const auto& [name, value] : trial.measurement.metrics) metrics.insert(name);
  }
  std::string csv = "number,state,score,hash,duplicate_of,attempts,worker,started,finished,failure,reason";
  for (const std::string& name : metrics) csv += fmt::format(",{}", csv_text(name));
  const bool keeps_weights =
      std::ranges::any_of(study.trials, [](const Trial& trial) { return !trial.measurement.weights.empty(); });
  csv += keeps_weights ? ",weights,choices\n" : ",choices\n";
  for (const Trial& t : study.trials) {
    const bool measured = t.state == TrialState::complete;
    csv +=
        fmt::format("{},{},{},{:016x},{},{},{},{:.3f},{:.3f},{},{}", t.number, name_of(t.state),
                    measured ? fmt::format("{}", t.measurement.score) : "", t.hash,
                    t.duplicate_of >= 0 ? std::to_string(t.duplicate_of) : "", t.attempts, csv_text(t.worker),
                    t.started, t.finished, t.state == TrialState::failed ? name_of(t.failure) : "", csv_text(t.reason));
    for (const std::string& name : metrics) {
      const std::optional<double> value = metric_of(t.measurement, name);
      csv += value ? fmt::format(",{}", *value) : ",";
    }
    if (keeps_weights) csv += fmt::format(",{}", t.measurement.weights);
    csv += fmt::format(",{}\n", fmt::join(t.choices, " "));
  }
  return csv;
}

Json study_summary(const Study& study) {
  const auto best = std::ranges::find(study.trials, study.status.best, &Trial::number);
  return summary_of(study.status, study.place, best == study.trials.end() ? std::nullopt : std::optional(*best));
}

Json study_summary(Store& store, const StudyAddress& address) {
  const StudyStatus status = store.status();
  const std::vector<Trial> best = status.best < 0 ? std::vector<Trial>() : store.trials(status.best, 1);
  return summary_of(status, address.shown(), best.empty() ? std::nullopt : std::optional(best.front()));
}

}  // namespace spinenet::search
