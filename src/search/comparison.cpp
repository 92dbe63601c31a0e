#include "search/comparison.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <numbers>

namespace spinenet::search {

std::vector<double> run_search(const arch::SearchSpace& space, const AlgorithmOptions& algorithm,
                               const SyntheticObjective& objective, const SearchRun& run) {
  const std::unique_ptr<SearchAlgorithm> search = make_algorithm(space, algorithm);
  const Random seed(run.seed);
  std::deque<Trial> in_flight;
  std::vector<double> best;
  for (int64_t number = 0; number < run.trials; ++number) {
    if (static_cast<int64_t>(in_flight.size()) == run.lag) {
      search->update(in_flight.front());
      in_flight.pop_front();
    }
    Random random = seed.fork(static_cast<uint64_t>(number));
    arch::Sample sample = search->suggest(random);
    Trial& trial = in_flight.emplace_back();
    trial.number = number;
    trial.state = TrialState::complete;
    trial.measurement.score = score_of(objective, sample.backbone);
    trial.choices = std::move(sample.choices);
    best.push_back(std::max(best.empty() ? 0.0 : best.back(), trial.measurement.score));
  }
  return best;
}

double mann_whitney_p(std::span<const double> better, std::span<const double> worse) {
  double wins = 0;  // U
  for (const double a : better) {
    for (const double b : worse) wins += a > b ? 1 : a == b ? 0.5 : 0;
  }
  std::vector<double> all(better.begin(), better.end());
  all.insert(all.end(), worse.begin(), worse.end());
  std::ranges::sort(all);
  double ties = 0;
  for (size_t i = 0; i < all.size();) {
    const auto end = std::ranges::upper_bound(all, all[i]);
    const auto count = static_cast<double>(end - all.begin()) - static_cast<double>(i);
    ties += count * count * count - count;
    i = static_cast<size_t>(end - all.begin());
  }
  const auto product = static_cast<double>(better.size() * worse.size()), total = static_cast<double>(all.size());
  const double variance = product / 12 * (total + 1 - ties / (total * (total - 1)));
  if (!(variance > 0)) return 1;  // all values are equal
  const double z = (wins - product / 2 - 0.5) / std::sqrt(variance);
  return std::erfc(z / std::numbers::sqrt2) / 2;
}

}  // namespace spinenet::search
