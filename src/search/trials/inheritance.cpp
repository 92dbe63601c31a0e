#include "search/trials/inheritance.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "base/format.h"
#include "graph/lower.h"

namespace spinenet::search {
namespace {

constexpr size_t kMostOfASlope = 1000;  // trials: half a million pairs

bool was_trained(const Trial& trial) {
  return trial.state == TrialState::complete && trial.duplicate_of < 0;
}

graph::Program network_of(const SearchTask& task, const arch::Architecture& architecture) {
  return graph::lower_detector(architecture, {task.image_size, task.image_size, task.classes});
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  if (values.size() % 2 == 1) return *middle;
  return (*std::max_element(values.begin(), middle) + *middle) / 2;
}

// The logarithm of an age, and the score at that age.
using Aged = std::pair<double, double>;

std::vector<Aged> aged_trials(const SearchTask& task, std::span<const Trial> earlier) {
  std::vector<Aged> aged;
  for (const Trial& trial : earlier) {
    const auto age = metric_of(trial.measurement, kAgeMetric), score = metric_of(trial.measurement, kUncorrectedMetric);
    const bool whole = metric_of(trial.measurement, "epochs") == std::optional<double>(task.recipe.proxy.epochs);
    if (was_trained(trial) && whole && age && score && *age > 0) aged.emplace_back(std::log2(*age), *score);
  }
  if (aged.size() > kMostOfASlope) aged.erase(aged.begin(), aged.end() - kMostOfASlope);
  return aged;
}

}  // namespace

int64_t distance_of(const arch::ScalePermuted& a, const arch::ScalePermuted& b) {
  const size_t common = std::min(a.blocks.size(), b.blocks.size());
  int64_t differing = static_cast<int64_t>(std::max(a.blocks.size(), b.blocks.size()) - common);
  const auto count = [&](bool differs) { differing += differs ? 1 : 0; };
  for (size_t k = 0; k < common; ++k) {
    const arch::BlockSpec &x = a.blocks[k], &y = b.blocks[k];
    count(x.level != y.level);
    count(x.kind != y.kind);
    count(x.width != y.width);
    for (size_t j = 0; j < std::max(x.parents.size(), y.parents.size()); ++j) {
      count(j >= x.parents.size() || j >= y.parents.size() || x.parents[j] != y.parents[j]);
    }
  }
  return differing;
}

double share_of(const SearchTask& task, const arch::Architecture& network, const arch::Architecture& source) {
  std::map<std::string, graph::Extents> given;
  for (graph::Parameter& parameter : network_of(task, source).parameters) {
    given.emplace(std::move(parameter.name), parameter.shape);
  }
  int64_t all = 0, taken = 0;
  for (const graph::Parameter& parameter : network_of(task, network).parameters) {
    if (!graph::is_trainable(parameter.role)) continue;
    const int64_t count = graph::element_count(parameter.shape);
    all += count;
    const auto found = given.find(parameter.name);
    if (found != given.end() && found->second == parameter.shape) taken += count;
  }
  return all > 0 ? static_cast<double>(taken) / static_cast<double>(all) : 0;
}

std::optional<Parent> parent_of(const SearchTask& task, const arch::ScalePermuted& backbone,
                                std::span<const Trial> earlier) {
  struct Near {
    int64_t distance = 0;
    const Trial* trial = nullptr;
    arch::ScalePermuted backbone;
  };
  std::vector<Near> order;
  for (const Trial& trial : earlier) {
    if (!was_trained(trial) || trial.measurement.weights.empty() || !metric_of(trial.measurement, kAgeMetric)) continue;
    Near near{0, &trial,
              arch::replay(task.recipe.space, trial.choices, fmt::format("trial {}", trial.number)).backbone};
    near.distance = distance_of(backbone, near.backbone);
    order.push_back(std::move(near));
  }
  std::ranges::sort(order, {}, [](const Near& near) {
    return std::tuple(near.distance, -near.trial->measurement.score, near.trial->number);
  });
  const arch::Architecture network = candidate(task, backbone);
  for (const Near& near : order) {
    const double share = share_of(task, network, candidate(task, near.backbone));
    if (share > 0) {
      return Parent{near.trial->number, near.trial->measurement.weights,
                    *metric_of(near.trial->measurement, kAgeMetric), share};
    }
  }
  return std::nullopt;
}

double age_slope(const SearchTask& task, std::span<const Trial> earlier) {
  const std::vector<Aged> aged = aged_trials(task, earlier);
  std::vector<double> slopes;
  for (size_t i = 0; i < aged.size(); ++i) {
    for (size_t j = i + 1; j < aged.size(); ++j) {
      const double doublings = aged[j].first - aged[i].first;
      if (doublings != 0) slopes.push_back((aged[j].second - aged[i].second) / doublings);
    }
  }
  return slopes.empty() ? 0 : std::max(0.0, median(std::move(slopes)));
}

double corrected_score(double score, double age, double epochs, double slope) {
  return age > epochs ? score - slope * std::log2(age / epochs) : score;
}

}  // namespace spinenet::search
