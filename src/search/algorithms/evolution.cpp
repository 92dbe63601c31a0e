#include "search/algorithms/evolution.h"

#include <cmath>

#include "base/error.h"
#include "base/format.h"
#include "search/algorithms/state_text.h"

namespace spinenet::search {

constexpr std::string_view kEvolutionName = "evolution";
constexpr int kEvolutionVersion = 1;

void fields(FieldList& list, EvolutionOptions& o) {
  list("population", o.population, "Members; the first so many suggestions are random", at_least(1));
  list("tournament", o.tournament, "Members drawn for a suggestion, of which the best is mutated", at_least(1));
}

arch::Sample Evolution::suggest(Random& random) {
  const bool founding = suggested_ < options_.population || population_.empty();
  ++suggested_;
  if (founding) return arch::random_sample(space_, random);
  const auto draw = [&]() -> const Member& {
    return population_[static_cast<size_t>(random.below(static_cast<int64_t>(population_.size())))];
  };
  const Member* winner = &draw();
  for (int i = 1; i < options_.tournament; ++i) {
    if (const Member& other = draw(); other.score > winner->score) winner = &other;
  }
  return arch::mutate(space_, winner->choices, random);
}

void Evolution::update(const Trial& trial) {
  if (trial.state != TrialState::complete || !std::isfinite(trial.measurement.score)) return;
  population_.push_back({trial.choices, trial.measurement.score});
  if (population_.size() > static_cast<size_t>(options_.population)) population_.pop_front();
}

std::string Evolution::state() const {
  Json state = state_head(kEvolutionName, kEvolutionVersion, space_);
  state["suggested"] = suggested_;
  state["population"] = Json::array();
  for (const Member& member : population_) {
    state["population"].push_back({{"score", member.score}, {"choices", member.choices}});
  }
  return state.dump();
}

void Evolution::restore(std::string_view text) {
  const Json state = parse_state(text, kEvolutionName, kEvolutionVersion, space_);
  const int64_t suggested = state_count(state, "suggested");
  std::deque<Member> population;
  for (const Json& item : state_list(state, "population")) {
    population.push_back({state_choices(item, "choices", space_), state_number(item, "score")});
  }
  if (population.size() > static_cast<size_t>(options_.population)) {
    fail(ErrorKind::bad_data, fmt::format("holds {} members, more than {}", population.size(), options_.population),
         "state of a search algorithm", "go on with the options that the study began with");
  }
  suggested_ = suggested;
  population_ = std::move(population);
}

}  // namespace spinenet::search
