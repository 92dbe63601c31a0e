// A study for tests that costs nothing: suggestions that depend on every trial told so far, some rejected, many alike,
// and a measurement that is a function of the suggestion. So any fault of order or of counting changes the trials.
#pragma once

#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "base/format.h"
#include "base/random.h"
#include "search/store/store.h"

namespace spinenet::search::fixture {

inline StudyDescription toy_description(int lag = 4) {
  StudyDescription description;
  description.space = "toy\n8 by 8";
  description.algorithm = "digest of all news";
  description.task = "a function of the choices";
  description.seed = 7;
  description.lag = lag;
  return description;
}

// 56 different ones, so that duplicates come soon.
inline Suggestion toy_suggestion(uint64_t digest) {
  Suggestion suggestion;
  suggestion.choices = {static_cast<int>(digest % 8), static_cast<int>(digest / 8 % 7)};
  suggestion.hash =
      Random::mix(static_cast<uint64_t>(suggestion.choices[0]) * 10 + static_cast<uint64_t>(suggestion.choices[1]));
  if (suggestion.hash % 7 == 0) suggestion.rejection = "divisible by seven";
  return suggestion;
}

// The state is a digest of all that was ever told, as text.
inline Suggestion toy_suggest(int64_t number, const std::string& state, std::span<const Trial> news) {
  uint64_t digest = 1;
  std::from_chars(state.data(), state.data() + state.size(), digest);
  for (const Trial& trial : news) {
    for (const auto word : {static_cast<uint64_t>(trial.number), static_cast<uint64_t>(trial.state), trial.hash,
                            static_cast<uint64_t>(std::llround(1000 * trial.measurement.score))}) {
      digest = Random::mix(digest ^ word);
    }
  }
  digest = Random::mix(digest + static_cast<uint64_t>(number));
  Suggestion suggestion = toy_suggestion(digest);
  suggestion.state = fmt::format("{}", digest);
  return suggestion;
}

inline Outcome toy_outcome(const Claim& claim) {
  Outcome outcome;
  outcome.measurement.score = std::sin(static_cast<double>(claim.hash % 1000));
  outcome.measurement.metrics = {{"AP", outcome.measurement.score / 3}, {"parameters", 1e6 * claim.choices.at(0)}};
  if (claim.hash % 11 == 0) {
    outcome = {};
    outcome.state = TrialState::failed;
    outcome.failure = TrialFailure::non_finite;
    outcome.reason = "the loss is not finite";
  }
  return outcome;
}

// Whatever must not depend on who did the work.
inline std::string lasting_part(const Trial& trial) {
  return fmt::format("{} {} {} {} {} {} {} {}", trial.number, name_of(trial.state), fmt::join(trial.choices, ","),
                     trial.hash, trial.measurement.score, name_of(trial.failure), trial.reason, trial.duplicate_of);
}

inline std::vector<std::string> lasting_parts(const std::vector<Trial>& trials) {
  std::vector<std::string> parts;
  for (const Trial& trial : trials) parts.push_back(lasting_part(trial));
  return parts;
}

// The first `count` trials of the toy study as they must come out, by the rules of store.h in the plainest form.
inline std::vector<std::string> toy_trials(int64_t count, int lag) {
  std::vector<Trial> trials;
  std::string state;
  for (int64_t k = 0; k < count; ++k) {
    std::vector<Trial> news;
    if (k >= lag) news.push_back(trials[static_cast<size_t>(k - lag)]);
    const Suggestion suggestion = toy_suggest(k, state, news);
    state = suggestion.state;
    Trial trial;
    trial.number = k;
    trial.choices = suggestion.choices;
    trial.hash = suggestion.hash;
    const auto known = trials.begin() + std::max<int64_t>(0, k - lag + 1);
    const auto same = std::find_if(
        trials.begin(), known, [&](const Trial& t) { return t.state == TrialState::complete && t.hash == trial.hash; });
    if (suggestion.rejection) {
      trial.state = TrialState::rejected;
      trial.reason = *suggestion.rejection;
    } else if (same != known) {
      trial.state = TrialState::complete;
      trial.measurement = same->measurement;
      trial.duplicate_of = same->number;
    } else {
      const Outcome outcome = toy_outcome({k, 0, trial.choices, trial.hash, 1});
      trial.state = outcome.state;
      trial.measurement = outcome.measurement;
      trial.failure = outcome.failure;
      trial.reason = outcome.reason;
    }
    trials.push_back(trial);
  }
  return lasting_parts(trials);
}

}  // namespace spinenet::search::fixture
