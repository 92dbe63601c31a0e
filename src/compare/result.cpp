#include "compare/result.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/files.h"
#include "base/format.h"
#include "base/score_text.h"
#include "base/text_table.h"

namespace spinenet::compare {
namespace {

constexpr double kUnlike = 0.02;  // of the smallest number of multiply-adds

std::optional<double> number_of(const ComparedRun& run, std::string_view name) {
  for (const auto& [key, value] : run.numbers) {
    if (key == name && value >= 0) return value;
  }
  return std::nullopt;
}

// In the order in which the measurements name them.
std::vector<std::string> all_numbers(const Contestant& contestant) {
  std::vector<std::string> names;
  for (const ComparedRun& run : contestant.runs) {
    for (const auto& [name, value] : run.numbers) {
      if (std::ranges::find(names, name) == names.end()) names.push_back(name);
    }
  }
  return names;
}

Json run_json(const ComparedRun& run) {
  Json json{{"seed", run.seed}, {"best_step", run.best_step}};
  for (const auto& [name, value] : run.numbers) json[name] = value;
  return json;
}

Json contestant_json(const Contestant& contestant) {
  Json json{{"recipe", contestant.name},
            {"architecture", contestant.architecture},
            {"parameters", contestant.parameters},
            {"multiply_adds", contestant.multiply_adds},
            {"mean", Json::object()},
            {"deviation", Json::object()},
            {"runs", Json::array()},
            {"failed", Json::array()}};
  for (const std::string& name : all_numbers(contestant)) {
    const MeanAndSpread value = over_seeds(contestant, name);
    json["mean"][name] = value.mean;
    json["deviation"][name] = value.deviation ? Json(*value.deviation) : Json();
  }
  for (const ComparedRun& run : contestant.runs) json["runs"].push_back(run_json(run));
  for (const FailedRun& run : contestant.failed) {
    json["failed"].push_back(Json{{"seed", run.seed}, {"reason", run.reason}});
  }
  return json;
}

}  // namespace

std::string_view main_number(arch::Task task) {
  return task == arch::Task::classify ? "top1" : "AP";
}

std::vector<std::string> shown_numbers(arch::Task task) {
  switch (task) {
    case arch::Task::detect:
      return {"AP", "AP50", "APs", "APm", "APl"};
    case arch::Task::segment:
      return {"AP", "AP50", "APs", "APm", "APl", "box_AP", "box_AP50"};
    case arch::Task::classify:
      return {"top1", "top5"};
  }
  return {};
}

ComparedRun read_run(const std::filesystem::path& folder, uint64_t seed, std::string_view main) {
  const std::filesystem::path path = folder / "metrics.jsonl";
  const std::string text = read_file(path), key(main);
  ComparedRun run;
  run.seed = seed;
  double best = -2;  // so that an undefined first one counts until there is a defined one
  for (size_t start = 0; start < text.size();) {
    const size_t end = std::min(text.find('\n', start), text.size());
    const Json line = parse_json(std::string_view(text).substr(start, end - start), path.string());
    start = end + 1;
    if (!line.contains(key)) continue;
    if (!line.contains("step") || !line["step"].is_number_integer() || !line[key].is_number()) {
      fail(ErrorKind::bad_data, fmt::format("a measurement's step or {} is no number", main), path.string(),
           "the file was changed by hand: remove the run's folder and train it again");
    }
    const auto step = line["step"].get<int64_t>();
    const double value = line[key].get<double>();
    run.curve.emplace_back(step, value);
    if (!(value > best)) continue;
    best = value;
    run.best_step = step;
    run.numbers.clear();
    for (const auto& [name, number] : line.items()) {
      if (name != "step" && number.is_number()) run.numbers.emplace_back(name, number.get<double>());
    }
  }
  if (run.curve.empty()) {
    fail(ErrorKind::bad_data, fmt::format("has no measurement of {}", main), path.string(),
         "give the recipe a validation set");
  }
  return run;
}

MeanAndSpread over_seeds(const Contestant& contestant, std::string_view number) {
  std::vector<double> values;
  for (const ComparedRun& run : contestant.runs) {
    if (const auto value = number_of(run, number)) values.push_back(*value);
  }
  if (values.empty()) return {};
  MeanAndSpread result{0, std::nullopt};
  const auto count = static_cast<double>(values.size());
  for (const double value : values) result.mean += value / count;
  if (values.size() < 2) return result;
  double squares = 0;
  for (const double value : values) squares += (value - result.mean) * (value - result.mean);
  result.deviation = std::sqrt(squares / (count - 1));
  return result;
}

const ComparedRun* median_run(const Contestant& contestant, std::string_view number) {
  std::vector<const ComparedRun*> order;
  for (const ComparedRun& run : contestant.runs) order.push_back(&run);
  if (order.empty()) return nullptr;
  std::ranges::stable_sort(order, {}, [&](const ComparedRun* run) { return number_of(*run, number).value_or(-1); });
  return order[(order.size() - 1) / 2];
}

std::vector<std::string> cautions(const Comparison& comparison) {
  std::vector<std::string> found;
  const auto by_cost = [](const Contestant& c) { return c.multiply_adds; };
  if (!comparison.contestants.empty()) {
    const Contestant& least = *std::ranges::min_element(comparison.contestants, {}, by_cost);
    const Contestant& most = *std::ranges::max_element(comparison.contestants, {}, by_cost);
    const auto low = static_cast<double>(least.multiply_adds), high = static_cast<double>(most.multiply_adds);
    if (high > low * (1 + kUnlike)) {
      found.push_back(fmt::format("multiply-adds differ by {:.1f} %: {} has {}, {} has {}", 100 * (high - low) / low,
                                  least.name, short_count(least.multiply_adds), most.name,
                                  short_count(most.multiply_adds)));
    }
  }
  for (const Contestant& c : comparison.contestants) {
    for (const FailedRun& run : c.failed) {
      found.push_back(fmt::format("{}, seed {} has no result: {}", c.name, run.seed, run.reason));
    }
  }
  return found;
}

std::string text_of(const MeanAndSpread& value) {
  const std::string mean = score_text(value.mean);
  return value.mean >= 0 && value.deviation ? fmt::format("{} ± {}", mean, score_text(*value.deviation)) : mean;
}

std::vector<std::vector<std::string>> table_rows(const Comparison& comparison) {
  const std::vector<std::string> numbers = shown_numbers(comparison.task);
  std::vector<std::vector<std::string>> rows{{"recipe", "architecture", "parameters", "multiply-adds", "seeds"}};
  rows.front().insert(rows.front().end(), numbers.begin(), numbers.end());
  for (const Contestant& c : comparison.contestants) {
    std::vector<std::string> row{c.name, c.architecture, short_count(c.parameters), short_count(c.multiply_adds),
                                 std::to_string(c.runs.size())};
    for (const std::string& name : numbers) row.push_back(text_of(over_seeds(c, name)));
    rows.push_back(std::move(row));
  }
  return rows;
}

Json to_json(const Comparison& comparison) {
  Json json{{"task", name_of(comparison.task)},
            {"image_size", comparison.image_size},
            {"seeds", comparison.seeds},
            {"metric", main_number(comparison.task)},
            {"recipes", Json::array()}};
  for (const Contestant& c : comparison.contestants) json["recipes"].push_back(contestant_json(c));
  return json;
}

}  // namespace spinenet::compare
