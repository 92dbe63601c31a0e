// A trial: one architecture that was suggested, tried and measured (or why it was not). Plain data; what a study keeps.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "arch/search_space.h"
#include "base/enum_names.h"

namespace spinenet::search {

enum class TrialState {
  running,   // leased to a worker
  complete,  // measured
  failed,    // tried and gave no measurement: see failure and reason
  rejected,  // a constraint ruled it out before any training
};
constexpr auto names(TrialState) {
  using enum TrialState;
  return named<TrialState>({{running, "running"}, {complete, "complete"}, {failed, "failed"}, {rejected, "rejected"}});
}

// Why a trial failed. docs/search.md has the same list for users; Controller::reward_of says what each teaches.
enum class TrialFailure {
  none,           // it did not fail
  non_finite,     // its loss or score was no finite number
  crash,          // in studies of version 1
  out_of_memory,  // it needed more than the study allows a trial
  timeout,        // it took longer than the study allows a trial
  error,          // in studies of version 1
  lost,           // too many workers lost it: nothing is known of its network
};
constexpr auto names(TrialFailure) {
  using enum TrialFailure;
  return named<TrialFailure>({{none, "none"},
                              {non_finite, "non_finite"},
                              {crash, "crash"},
                              {out_of_memory, "out_of_memory"},
                              {timeout, "timeout"},
                              {error, "error"},
                              {lost, "lost"}});
}

// The first objective is maximised (AP); the others are minimised when they are used for a Pareto front
// (multiply_adds, parameters, latency_ms).
struct Measurement {
  double score = 0;                       // what the search maximises; finite
  std::map<std::string, double> metrics;  // AP, AP50, multiply_adds, parameters, latency_ms, seconds ...
  std::string weights = {};               // their file's name in the weights folder (weights_folder.h); "": none kept

  bool operator==(const Measurement&) const = default;
};

// Nothing where the measurement has no such metric.
inline std::optional<double> metric_of(const Measurement& measurement, const std::string& name) {
  const auto found = measurement.metrics.find(name);
  return found == measurement.metrics.end() ? std::nullopt : std::optional(found->second);
}

struct Trial {
  int64_t number = 0;  // 0, 1, 2 ... without gaps
  TrialState state = TrialState::running;
  arch::Choices choices;
  uint64_t hash = 0;        // canonical_hash of the backbone
  Measurement measurement;  // of a complete trial
  TrialFailure failure = TrialFailure::none;
  std::string reason;                // one line; of a failed or rejected trial
  int attempts = 0;                  // times it was leased
  int64_t duplicate_of = -1;         // the earlier trial whose measurement it took over, or -1
  std::string worker;                // that has or had the last lease; "" where it gave the trial back
  double started = 0, finished = 0;  // seconds since 1970; 0: not yet
};

}  // namespace spinenet::search
