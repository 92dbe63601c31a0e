// What a study suggests: the space, the trials it begins with, the algorithm, and what must hold before anything is
// trained. Turns an algorithm's state kept as text into the next suggestion, for Store::claim.
//
// Invariant: the suggestion of a trial depends on the seed, the trial's number, the state and the news alone, so every
// worker would make the same one.
// Thread contract: a Planner belongs to one thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "search/algorithms/algorithms.h"
#include "search/store/store.h"

namespace spinenet::search {

struct Plan {
  arch::SearchSpace space;
  AlgorithmOptions algorithm;
  uint64_t seed = 1;
  std::vector<arch::Choices> first;  // of trials 0, 1, 2 ...: given, not suggested
  // Why a sample must not be tried ("3.1 G multiply-adds, more than 2 G"), or nothing. May be empty.
  std::function<std::optional<std::string>(const arch::ScalePermuted& backbone)> objection;
};

class Planner {
 public:
  explicit Planner(Plan plan);

  // For Store::claim; must not outlive the Planner. A state that this planner wrote last is not read again.
  Suggest suggestion();

 private:
  arch::Sample sample_of(int64_t number);
  Suggestion suggest(int64_t number, const std::string& state, std::span<const Trial> news);

  Plan plan_;
  std::unique_ptr<SearchAlgorithm> algorithm_;
  std::string last_state_;  // of algorithm_
};

}  // namespace spinenet::search
