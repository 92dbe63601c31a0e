#include "compare/differences.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "base/format.h"
#include "compare/student_t.h"

namespace spinenet::compare {
namespace {

const Contestant& baseline_of(const Comparison& comparison) {
  return comparison.contestants.at(comparison.baseline);
}

using Pair = std::pair<const ComparedRun*, const ComparedRun*>;  // the recipe's and the baseline's

std::vector<Pair> pairs_of(const Contestant& contestant, const Contestant& baseline) {
  std::vector<Pair> pairs;
  for (const ComparedRun& run : contestant.runs) {
    const auto other = std::ranges::find(baseline.runs, run.seed, &ComparedRun::seed);
    if (other != baseline.runs.end()) pairs.emplace_back(&run, &*other);
  }
  return pairs;
}

std::optional<double> number_at(const ComparedRun& run, int64_t step, std::string_view number) {
  const auto found = std::ranges::find(run.curve, step, &MeasuredNumbers::step);
  return found == run.curve.end() ? std::nullopt : number_of(*found, number);
}

// Of every pair, or nothing where one has no such number at the step.
std::vector<double> differences_at(const std::vector<Pair>& pairs, int64_t step, std::string_view number) {
  std::vector<double> differences;
  for (const auto& [run, other] : pairs) {
    const auto own = number_at(*run, step, number), its = number_at(*other, step, number);
    if (!own || !its) return {};
    differences.push_back(*own - *its);
  }
  return differences;
}

void put(Json& json, const std::optional<MeanDifference>& value) {
  json["mean"] = value ? Json(value->mean) : Json();
  const bool bounded = value && value->half_width;
  json["low"] = bounded ? Json(value->mean - *value->half_width) : Json();
  json["high"] = bounded ? Json(value->mean + *value->half_width) : Json();
}

Json named(const Contestant& contestant, const Contestant& baseline, const std::string& number,
           const std::vector<uint64_t>& seeds) {
  return {{"recipe", contestant.name}, {"baseline", baseline.name}, {"number", number}, {"seeds", seeds}};
}

Json curve_json(const Contestant& contestant, const Contestant& baseline, const std::string& number) {
  const DifferenceCurve curve = difference_curve(contestant, baseline, number);
  Json json = named(contestant, baseline, number, curve.seeds);
  json["points"] = Json::array();
  for (const DifferenceAtStep& point : curve.points) {
    Json entry{{"step", point.step}};
    put(entry, point.value);
    json["points"].push_back(std::move(entry));
  }
  return json;
}

// The steps at which any run of the contestant was measured.
std::set<int64_t> steps_of(const Contestant& contestant) {
  std::set<int64_t> steps;
  for (const ComparedRun& run : contestant.runs) {
    for (const MeasuredNumbers& one : run.curve) steps.insert(one.step);
  }
  return steps;
}

}  // namespace

std::optional<MeanDifference> mean_difference(std::span<const double> differences) {
  if (differences.empty()) return std::nullopt;
  const MeanAndSpread value = mean_and_spread(differences);
  MeanDifference result{value.mean, std::nullopt};
  if (value.deviation) {
    const auto count = static_cast<int>(differences.size());
    result.half_width =
        student_t_quantile((1 + kConfidence) / 2, count - 1) * *value.deviation / std::sqrt(static_cast<double>(count));
  }
  return result;
}

PairedDifference paired_difference(const Contestant& contestant, const Contestant& baseline, std::string_view number) {
  PairedDifference found;
  std::vector<double> differences;
  for (const auto& [run, other] : pairs_of(contestant, baseline)) {
    const auto own = number_of(run->counted, number), its = number_of(other->counted, number);
    if (!own || !its) continue;
    found.seeds.push_back(run->seed);
    differences.push_back(*own - *its);
  }
  found.value = mean_difference(differences);
  return found;
}

DifferenceCurve difference_curve(const Contestant& contestant, const Contestant& baseline, std::string_view number) {
  DifferenceCurve curve;
  const std::vector<Pair> pairs = pairs_of(contestant, baseline);
  for (const Pair& pair : pairs) curve.seeds.push_back(pair.first->seed);
  for (const int64_t step : steps_of(contestant)) {
    if (const auto value = mean_difference(differences_at(pairs, step, number))) curve.points.push_back({step, *value});
  }
  return curve;
}

std::vector<const Contestant*> compared_with_baseline(const Comparison& comparison) {
  std::vector<const Contestant*> others;
  for (size_t i = 0; i < comparison.contestants.size(); ++i) {
    if (i != comparison.baseline) others.push_back(&comparison.contestants[i]);
  }
  return others;
}

std::string text_of(const PairedDifference& difference) {
  if (!difference.value) return "–";
  const auto& [mean, half] = *difference.value;
  return half ? fmt::format("{:+.3f} [{:+.3f}, {:+.3f}]", mean, mean - *half, mean + *half)
              : fmt::format("{:+.3f}", mean);
}

std::string differences_note(const Comparison& comparison) {
  std::string note = fmt::format("Of {}: the mean over the seeds that both have", text_of(comparison.at));
  size_t most = 0;
  bool any_single = false;
  for (const Contestant* c : compared_with_baseline(comparison)) {
    const size_t pairs = pairs_of(*c, baseline_of(comparison)).size();
    most = std::max(most, pairs);
    any_single = any_single || pairs == 1;
  }
  if (most >= 2) note += fmt::format(" [{:g} % interval of Student's t]", 100 * kConfidence);
  note += ".";
  return any_single ? note + " One seed has no interval: --seeds 2 and more give one." : note;
}

std::vector<std::vector<std::string>> difference_rows(const Comparison& comparison) {
  const std::vector<const Contestant*> others = compared_with_baseline(comparison);
  if (others.empty()) return {};
  const std::vector<std::string> numbers = claimed_numbers(comparison.task);
  const Contestant& baseline = baseline_of(comparison);
  std::vector<std::vector<std::string>> rows{{fmt::format("minus {}", baseline.name), "seeds"}};
  rows.front().insert(rows.front().end(), numbers.begin(), numbers.end());
  for (const Contestant* c : others) {
    std::vector<std::string> row{c->name,
                                 std::to_string(paired_difference(*c, baseline, numbers.front()).seeds.size())};
    for (const std::string& number : numbers) row.push_back(text_of(paired_difference(*c, baseline, number)));
    rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<plot::Series> difference_series(const Comparison& comparison, std::string_view number) {
  std::vector<plot::Series> all;
  std::set<int64_t> steps;
  for (size_t i = 0; i < comparison.contestants.size(); ++i) {
    const Contestant& c = comparison.contestants[i];
    plot::Series series{c.name, {}, {}};
    if (i != comparison.baseline) {
      for (const auto& [step, value] : difference_curve(c, baseline_of(comparison), number).points) {
        steps.insert(step);
        series.x.push_back(static_cast<double>(step));
        series.y.push_back(value.mean);
        series.spread.push_back(value.half_width.value_or(0));
      }
    }
    all.push_back(std::move(series));
  }
  if (steps.empty()) return {};
  plot::Series& zeros = all[comparison.baseline];
  for (const int64_t step : {*steps.begin(), *steps.rbegin()}) {
    zeros.x.push_back(static_cast<double>(step));
    zeros.y.push_back(0);
  }
  return all;
}

void add_differences(Json& json, const Comparison& comparison) {
  const Contestant& baseline = baseline_of(comparison);
  json["baseline"] = baseline.name;
  json["confidence"] = kConfidence;
  json["differences"] = Json::array();
  json["difference_curves"] = Json::array();
  for (const Contestant* c : compared_with_baseline(comparison)) {
    for (const std::string& number : shown_numbers(comparison.task)) {
      const PairedDifference difference = paired_difference(*c, baseline, number);
      Json entry = named(*c, baseline, number, difference.seeds);
      put(entry, difference.value);
      json["differences"].push_back(std::move(entry));
    }
    for (const std::string& number : claimed_numbers(comparison.task)) {
      json["difference_curves"].push_back(curve_json(*c, baseline, number));
    }
  }
}

}  // namespace spinenet::compare
