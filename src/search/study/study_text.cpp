#include "search/study/study_text.h"

#include <algorithm>
#include <optional>

#include "arch/text.h"
#include "base/error.h"
#include "base/format.h"
#include "base/printable.h"
#include "base/score_text.h"
#include "base/text_table.h"
#include "search/trials/inheritance.h"

namespace spinenet::search {
namespace {

std::string trial_score(const Trial& trial) {
  return trial.state == TrialState::complete ? search_score_text(trial.measurement.score) : "";
}

std::string metric_count(const Trial& trial, const std::string& name) {
  const std::optional<double> value = metric_of(trial.measurement, name);
  return value ? count_text(*value) : "";
}

// The parent, how much of it was taken over, and the age; of studies whose trials inherit weights alone.
std::vector<std::string> descent_head() {
  return {"parent", "inherited", "age"};
}

std::vector<std::string> descent_of(const Trial& trial) {
  const auto text = [&](const char* name, std::string_view form) {
    const std::optional<double> value = metric_of(trial.measurement, name);
    return value ? fmt::format(fmt::runtime(form), *value) : std::string();
  };
  return {text(kParentMetric, "{}"), text(kInheritedMetric, "{:.2f}"), text(kAgeMetric, "{}")};
}

// Puts the descent in before the last columns of a row.
void add_descent(const Study& study, std::vector<std::string>& row, const std::vector<std::string>& descent,
                 std::ptrdiff_t last) {
  if (study.task.recipe.proxy.inherit) row.insert(row.end() - last, descent.begin(), descent.end());
}

std::string trial_state_text(const Trial& trial) {
  if (trial.duplicate_of >= 0) return fmt::format("same as {}", trial.duplicate_of);
  if (trial.state == TrialState::failed) {
    return fmt::format("{}: {}", name_of(trial.failure), printable(trial.reason));
  }
  if (trial.state == TrialState::rejected) return "rejected: " + printable(trial.reason);
  return std::string(name_of(trial.state));
}

std::vector<const Trial*> best_trials(const Study& study, int count) {
  std::vector<const Trial*> order = ranked(study);
  order.resize(std::min(order.size(), static_cast<size_t>(count)));
  return order;
}

}  // namespace

std::string count_text(double value) {
  constexpr double kMost = 9e18;
  return value >= -kMost && value <= kMost ? short_count(static_cast<int64_t>(value)) : fmt::format("{}", value);
}

std::string study_summary_text(const Json& summary) {
  std::string text = fmt::format(
      "{}: {} trials, {} measured ({} of them known networks), {} failed, {} rejected, {} running\n",
      printable(summary["study"].get<std::string>()), summary["trials"].get<int64_t>(),
      summary["complete"].get<int64_t>(), summary["duplicates"].get<int64_t>(), summary["failed"].get<int64_t>(),
      summary["rejected"].get<int64_t>(), summary["running"].get<int64_t>());
  if (const auto lost = summary.value("lost", int64_t{0}); lost > 0) {
    text += fmt::format("{} lost with their workers: nothing is known of their networks\n", lost);
  }
  const Json& best = summary["best"];
  if (best.is_null()) return text;
  text += fmt::format("best: trial {}, score {}", best["number"].get<int64_t>(),
                      search_score_text(best["score"].get<double>()));
  const Json& metrics = best["metrics"];
  if (metrics.contains("multiply_adds")) {
    text += fmt::format(", {} multiply-adds", count_text(metrics["multiply_adds"].get<double>()));
  }
  return text + "\n";
}

std::string last_trials_text(const Study& study, int count) {
  std::vector<std::vector<std::string>> rows{{"trial", "score", "multiply-adds", "parameters", "worker", "state"}};
  add_descent(study, rows.front(), descent_head(), 2);
  const auto begin = static_cast<size_t>(std::max<int64_t>(0, static_cast<int64_t>(study.trials.size()) - count));
  for (size_t i = begin; i < study.trials.size(); ++i) {
    const Trial& t = study.trials[i];
    rows.push_back({std::to_string(t.number), trial_score(t), metric_count(t, "multiply_adds"),
                    metric_count(t, "parameters"), printable(t.worker), trial_state_text(t)});
    add_descent(study, rows.back(), descent_of(t), 2);
  }
  return table_text(rows);
}

std::string best_trials_text(const Study& study, int count) {
  std::vector<std::vector<std::string>> rows{{"trial", "score", "multiply-adds", "parameters", "network"}};
  add_descent(study, rows.front(), descent_head(), 1);
  for (const Trial* t : best_trials(study, count)) {
    rows.push_back({std::to_string(t->number), trial_score(*t), metric_count(*t, "multiply_adds"),
                    metric_count(*t, "parameters"), fmt::format("{:016x}", t->hash)});
    add_descent(study, rows.back(), descent_of(*t), 1);
  }
  return table_text(rows);
}

double seconds_left(const Study& study) {
  const StudyStatus& s = study.status;
  const int64_t ended = s.trials - s.running;
  const int64_t left = study.task.recipe.trials - ended;
  const double taken = s.last_finished - s.first_started;
  return ended > 0 && left > 0 && taken > 0 ? taken / static_cast<double>(ended) * static_cast<double>(left) : -1;
}

Json study_document(const Study& study) {
  Json document = study_summary(study);
  document["trial_list"] = Json::array();
  for (const Trial& trial : study.trials) document["trial_list"].push_back(to_json(trial));
  return document;
}

Json best_document(const Study& study, int count) {
  Json document = Json::array();
  for (const Trial* trial : best_trials(study, count)) {
    document.push_back(to_json(*trial));
    document.back()["architecture"] = to_json(architecture_of(study, *trial));
  }
  return document;
}

const Trial& trial_or_best(const Study& study, int64_t number) {
  if (number >= 0) {
    const auto found = std::ranges::find(study.trials, number, &Trial::number);
    if (found != study.trials.end()) return *found;
    fail(ErrorKind::usage, fmt::format("no trial {}", number), study.place,
         fmt::format("it has trials 0 to {}", static_cast<int64_t>(study.trials.size()) - 1));
  }
  const std::vector<const Trial*> order = ranked(study);
  if (order.empty()) fail(ErrorKind::failed, "no trial has been measured yet", study.place, "name one with --trial");
  return *order.front();
}

}  // namespace spinenet::search
