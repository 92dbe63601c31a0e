#include "search/plan.h"

#include <utility>

#include "arch/canonical.h"

namespace spinenet::search {

Planner::Planner(Plan plan) : plan_(std::move(plan)), algorithm_(make_algorithm(plan_.space, plan_.algorithm)) {}

Suggest Planner::suggestion() {
  return [this](int64_t number, const std::string& state, std::span<const Trial> news) {
    return suggest(number, state, news);
  };
}

Suggestion Planner::suggest(int64_t number, const std::string& state, std::span<const Trial> news) {
  if (state.empty() || state != last_state_) {
    // A call that threw or was rolled back leaves the object ahead of the study: begin from what the study says.
    algorithm_ = make_algorithm(plan_.space, plan_.algorithm);
    if (!state.empty()) algorithm_->restore(state);
  }
  last_state_.clear();
  // What happened to its workers says nothing about a network.
  for (const Trial& trial : news) {
    if (trial.failure != TrialFailure::lost) algorithm_->update(trial);
  }
  arch::Sample sample = sample_of(number);
  Suggestion suggestion;
  suggestion.hash = arch::canonical_hash(sample.backbone);
  if (plan_.objection) suggestion.rejection = plan_.objection(sample.backbone);
  suggestion.choices = std::move(sample.choices);
  suggestion.state = algorithm_->state();
  last_state_ = suggestion.state;
  return suggestion;
}

arch::Sample Planner::sample_of(int64_t number) {
  if (number < static_cast<int64_t>(plan_.first.size())) {
    algorithm_->skip();
    return arch::replay(plan_.space, plan_.first[static_cast<size_t>(number)]);
  }
  Random random = Random(plan_.seed).fork(static_cast<uint64_t>(number));
  return algorithm_->suggest(random);
}

}  // namespace spinenet::search
