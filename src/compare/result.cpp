#include "compare/result.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/files.h"
#include "base/format.h"
#include "base/score_text.h"
#include "base/text_table.h"
#include "compare/differences.h"

namespace spinenet::compare {
namespace {

constexpr double kUnlike = 0.02;  // of the smallest number of multiply-adds

// In the order in which the measurements name them.
std::vector<std::string> all_numbers(const Contestant& contestant) {
  std::vector<std::string> names;
  for (const ComparedRun& run : contestant.runs) {
    for (const auto& [name, value] : run.counted.numbers) {
      if (std::ranges::find(names, name) == names.end()) names.push_back(name);
    }
  }
  return names;
}

Json run_json(const ComparedRun& run) {
  Json json{{"seed", run.seed}, {"best_step", run.best_step}, {"step", run.counted.step}};
  for (const auto& [name, value] : run.counted.numbers) json[name] = value;
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

MeasuredNumbers measurement_of(const Json& line) {
  MeasuredNumbers measured{line["step"].get<int64_t>(), {}};
  for (const auto& [name, number] : line.items()) {
    if (name != "step" && number.is_number()) measured.numbers.emplace_back(name, number.get<double>());
  }
  return measured;
}

// The first of equals, as the model file. An undefined first one counts until there is a defined one.
const MeasuredNumbers& best_of(const std::vector<MeasuredNumbers>& curve, std::string_view main) {
  return *std::ranges::max_element(curve, {}, [&](const auto& one) { return number_of(one, main).value_or(-1); });
}

const MeasuredNumbers& counted_of(const std::vector<MeasuredNumbers>& curve, const RunQuestion& question,
                                  const std::string& place) {
  switch (question.at.kind) {
    case MeasuredAt::Kind::best:
      return best_of(curve, question.main);
    case MeasuredAt::Kind::last:
      return curve.back();
    case MeasuredAt::Kind::step:
      break;
  }
  const auto found = std::ranges::find(curve, question.at.step, &MeasuredNumbers::step);
  if (found != curve.end()) return *found;
  std::vector<int64_t> steps;
  for (const MeasuredNumbers& one : curve) steps.push_back(one.step);
  fail(ErrorKind::usage, fmt::format("has no measurement at step {}", question.at.step), place,
       fmt::format("give --at one of the steps at which it was measured: {}", fmt::join(steps, ", ")));
}

std::vector<MeasuredNumbers> measurements_in(const std::string& text, std::string_view main, const std::string& place) {
  const std::string key(main);
  std::vector<MeasuredNumbers> curve;
  for (size_t start = 0; start < text.size();) {
    const size_t end = std::min(text.find('\n', start), text.size());
    const Json line = parse_json(std::string_view(text).substr(start, end - start), place);
    start = end + 1;
    if (!line.contains(key)) continue;
    if (!line.contains("step") || !line["step"].is_number_integer() || !line[key].is_number()) {
      fail(ErrorKind::bad_data, fmt::format("a measurement's step or {} is no number", main), place,
           "the file was changed by hand: remove the run's folder and train it again");
    }
    curve.push_back(measurement_of(line));
  }
  return curve;
}

}  // namespace

std::optional<double> number_of(const MeasuredNumbers& measured, std::string_view name) {
  for (const auto& [key, value] : measured.numbers) {
    if (key == name && value >= 0) return value;
  }
  return std::nullopt;
}

std::string_view main_number(arch::Task task) {
  return task == arch::Task::classify ? "top1" : "AP";
}

std::vector<std::string> claimed_numbers(arch::Task task) {
  if (task == arch::Task::classify) return {"top1"};
  return {"AP", "AP_agnostic"};
}

std::vector<std::string> shown_numbers(arch::Task task) {
  switch (task) {
    case arch::Task::detect:
      return {"AP", "AP_agnostic", "AP50", "APs", "APm", "APl", "AR100"};
    case arch::Task::segment:
      return {"AP", "AP_agnostic", "AP50", "APs", "APm", "APl", "AR100", "box_AP", "box_AP50"};
    case arch::Task::classify:
      return {"top1", "top5"};
  }
  return {};
}

ComparedRun read_run(const std::filesystem::path& folder, const RunQuestion& question) {
  const std::string place = (folder / "metrics.jsonl").string();
  ComparedRun run;
  run.seed = question.seed;
  run.curve = measurements_in(read_file(place), question.main, place);
  if (run.curve.empty()) {
    fail(ErrorKind::bad_data, fmt::format("has no measurement of {}", question.main), place,
         "give the recipe a validation set");
  }
  run.best_step = best_of(run.curve, question.main).step;
  run.counted = counted_of(run.curve, question, place);
  return run;
}

MeanAndSpread mean_and_spread(std::span<const double> values) {
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

MeanAndSpread over_seeds(const Contestant& contestant, std::string_view number) {
  std::vector<double> values;
  for (const ComparedRun& run : contestant.runs) {
    if (const auto value = number_of(run.counted, number)) values.push_back(*value);
  }
  return mean_and_spread(values);
}

const ComparedRun* median_run(const Contestant& contestant, std::string_view number) {
  std::vector<const ComparedRun*> order;
  for (const ComparedRun& run : contestant.runs) order.push_back(&run);
  if (order.empty()) return nullptr;
  std::ranges::stable_sort(order, {},
                           [&](const ComparedRun* run) { return number_of(run->counted, number).value_or(-1); });
  return order[(order.size() - 1) / 2];
}

std::optional<std::string> unlike_steps(const Comparison& comparison) {
  if (comparison.at.kind != MeasuredAt::Kind::last) return std::nullopt;
  const ComparedRun* first = nullptr;
  const Contestant* of = nullptr;
  for (const Contestant& c : comparison.contestants) {
    for (const ComparedRun& run : c.runs) {
      if (first == nullptr) first = &run, of = &c;
      if (run.counted.step == first->counted.step) continue;
      return fmt::format(
          "last measurements are of different steps: {}, seed {} was measured at step {}, {}, seed {} at step {}",
          of->name, first->seed, first->counted.step, c.name, run.seed, run.counted.step);
    }
  }
  return std::nullopt;
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
  if (auto steps = unlike_steps(comparison)) found.push_back(std::move(*steps));
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

Json to_json(const Comparison& comparison) {
  Json json{{"task", name_of(comparison.task)}, {"image_size", comparison.image_size},
            {"seeds", comparison.seeds},        {"metric", main_number(comparison.task)},
            {"at", to_json(comparison.at)},     {"recipes", Json::array()}};
  for (const Contestant& c : comparison.contestants) json["recipes"].push_back(contestant_json(c));
  add_differences(json, comparison);
  return json;
}

}  // namespace spinenet::compare
