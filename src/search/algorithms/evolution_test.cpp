#include "search/algorithms/evolution.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/json.h"
#include "search/comparison.h"

namespace spinenet::search {
namespace {

const arch::SearchSpace& evolution_space() {
  static const arch::SearchSpace value = arch::named_search_space("spinenet-49");
  return value;
}

Trial ended_trial(const arch::Choices& choices, double score, TrialState state = TrialState::complete) {
  Trial trial;
  trial.state = state;
  trial.choices = choices;
  trial.measurement.score = score;
  return trial;
}

arch::Choices drawn(uint64_t seed) {
  Random random(seed);
  return arch::random_sample(evolution_space(), random).choices;
}

arch::Choices next_choices(SearchAlgorithm& algorithm, uint64_t seed) {
  Random random(seed);
  return algorithm.suggest(random).choices;
}

bool is_neighbour(const arch::Choices& choices, const arch::Choices& parent) {
  const std::vector<arch::Choices> all = arch::neighbours(evolution_space(), parent);
  return std::ranges::find(all, choices) != all.end();
}

// An evolution past its random beginning, with these members.
Evolution with_members(const std::vector<std::pair<arch::Choices, double>>& members, int tournament) {
  const auto population = static_cast<int>(members.size());
  Evolution evolution(evolution_space(), {.population = population, .tournament = tournament});
  for (int i = 0; i < population; ++i) next_choices(evolution, static_cast<uint64_t>(i));
  for (const auto& [choices, score] : members) evolution.update(ended_trial(choices, score));
  return evolution;
}

TEST(Evolution, BeginsAtRandom) {
  Evolution evolution(evolution_space(), {.population = 10, .tournament = 3});
  for (uint64_t seed = 0; seed < 10; ++seed) {
    EXPECT_EQ(next_choices(evolution, seed), drawn(seed));
    evolution.update(ended_trial(drawn(seed), 0.5));
  }
  EXPECT_NE(next_choices(evolution, 10), drawn(10));
}

// A trial that was given is a founder like one that was suggested.
TEST(Evolution, CountsGivenTrials) {
  Evolution evolution(evolution_space(), {.population = 2, .tournament = 2});
  for (const uint64_t seed : {1, 2}) {
    evolution.skip();
    evolution.update(ended_trial(drawn(seed), 0.5));
  }
  const arch::Choices first = next_choices(evolution, 3);
  EXPECT_TRUE(is_neighbour(first, drawn(1)) || is_neighbour(first, drawn(2)));
}

// In a tournament of 200 draws from 4 members the best is missing once in 10^25.
TEST(Evolution, MutatesTheBestOfALargeTournament) {
  Evolution evolution = with_members({{drawn(1), 0.2}, {drawn(2), 0.9}, {drawn(3), 0.4}, {drawn(4), 0.1}}, 200);
  for (uint64_t seed = 0; seed < 20; ++seed) EXPECT_TRUE(is_neighbour(next_choices(evolution, seed), drawn(2)));
}

TEST(Evolution, MutatesAnyMemberWithATournamentOfOne) {
  Evolution evolution = with_members({{drawn(1), 0.2}, {drawn(2), 0.9}, {drawn(3), 0.4}, {drawn(4), 0.1}}, 1);
  std::array<int, 4> children{};
  for (uint64_t seed = 0; seed < 400; ++seed) {
    const arch::Choices child = next_choices(evolution, seed);
    for (uint64_t member = 0; member < 4; ++member) children[member] += is_neighbour(child, drawn(member + 1));
  }
  for (const int count : children) EXPECT_NEAR(count, 100, 45);  // 5 deviations
}

TEST(Evolution, LetsTheOldestDieHoweverGoodItIs) {
  Evolution evolution = with_members({{drawn(1), 0.9}, {drawn(2), 0.1}}, 200);
  EXPECT_TRUE(is_neighbour(next_choices(evolution, 5), drawn(1)));
  evolution.update(ended_trial(drawn(3), 0.2));
  EXPECT_TRUE(is_neighbour(next_choices(evolution, 5), drawn(3)));
}

TEST(Evolution, LetsOnlyMeasuredTrialsIn) {
  Evolution evolution = with_members({{drawn(1), 0.5}, {drawn(2), 0.1}}, 200);
  const std::string before = evolution.state();
  evolution.update(ended_trial(drawn(3), 0.9, TrialState::failed));
  evolution.update(ended_trial(drawn(4), 0.9, TrialState::rejected));
  evolution.update(ended_trial(drawn(5), std::numeric_limits<double>::quiet_NaN()));
  EXPECT_EQ(evolution.state(), before);
}

// All of the first generation is in flight, then fails: suggestions stay random until something is measured.
TEST(Evolution, GoesOnWhileNothingIsMeasured) {
  Evolution evolution(evolution_space(), {.population = 4, .tournament = 2});
  for (uint64_t seed = 0; seed < 10; ++seed) EXPECT_EQ(next_choices(evolution, seed), drawn(seed));
  for (uint64_t seed = 0; seed < 9; ++seed) evolution.update(ended_trial(drawn(seed), 0, TrialState::failed));
  EXPECT_EQ(next_choices(evolution, 10), drawn(10));
  evolution.update(ended_trial(drawn(9), 0));
  EXPECT_TRUE(is_neighbour(next_choices(evolution, 11), drawn(9)));
}

// One search goes on with its own state, the other with that text read into a fresh object before every trial.
TEST(Evolution, HasTheSameFutureAfterRestoring) {
  const SyntheticObjective objective = spinenet_49_objective(SyntheticKind::additive);
  const EvolutionOptions options{.population = 20, .tournament = 5};
  Evolution whole(evolution_space(), options);
  std::string state = whole.state();
  for (uint64_t number = 0; number < 80; ++number) {
    Evolution restored(evolution_space(), options);
    restored.restore(state);
    Random random(number);
    const arch::Sample sample = whole.suggest(random);
    EXPECT_EQ(next_choices(restored, number), sample.choices);
    const Trial trial = ended_trial(sample.choices, score_of(objective, sample.backbone));
    whole.update(trial);
    restored.update(trial);
    state = restored.state();
    EXPECT_EQ(state, whole.state());
  }
}

TEST(Evolution, RefusesBrokenStatesAndKeepsItsOwn) {
  Evolution evolution = with_members({{drawn(1), 0.5}, {drawn(2), 0.1}}, 3);
  const std::string good = evolution.state();
  const Json json = parse_json(good, "");
  const auto refuses = [&](const auto& change) {
    Json changed = json;
    change(changed);
    EXPECT_THROW(evolution.restore(changed.dump()), Error) << changed.dump();
    EXPECT_EQ(evolution.state(), good);
  };
  refuses([](Json& j) { j.erase("suggested"); });
  refuses([](Json& j) { j["suggested"] = -1; });
  refuses([](Json& j) { j["population"] = 3; });
  refuses([](Json& j) { j["population"][1].erase("score"); });
  refuses([](Json& j) { j["population"][1]["score"] = nullptr; });
  refuses([](Json& j) { j["population"][1]["choices"][0] = 77; });
  refuses([](Json& j) { j["population"].push_back(j["population"][0]); });
  refuses([](Json& j) { j["version"] = 9; });
  for (size_t length = 0; length < good.size(); length += 7) {
    EXPECT_THROW(evolution.restore(good.substr(0, length)), Error);
  }
}

}  // namespace
}  // namespace spinenet::search
