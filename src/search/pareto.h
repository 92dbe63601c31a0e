// Several objectives: the trials that no other is better than in everything, and one score out of several.
//
// Thread contract: pure functions.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "search/trials/trial.h"

namespace spinenet::search {

// Positions in `trials` of the complete ones that no other dominates, best score first. A trial dominates another when
// its score is no lower, each of the named metrics no higher, and one of them is better; of equal ones the first in
// `trials` stands for all. A trial that lacks one of the metrics takes no part.
std::vector<size_t> pareto_front(std::span<const Trial> trials, std::span<const std::string> minimised);

// A price on a cost. `soft` is score * (cost / target) ^ exponent on both sides of the target, so that savings count
// too; otherwise a cost below the target is free.
struct CostTarget {
  std::string metric;       // multiply_adds, parameters, latency_ms
  double target = 0;        // above 0, in the unit of the metric
  double exponent = -0.07;  // 5 % of AP for twice the cost: Tan et al., MnasNet (2019), section 3
  bool soft = true;

  bool operator==(const CostTarget&) const = default;
};

// The score with all prices. A score of 0 or below stays as it is: a factor would turn its order round.
// ErrorKind::bad_data when the measurement lacks a metric or the cost is not above 0.
double priced_score(const Measurement& measurement, std::span<const CostTarget> targets);

}  // namespace spinenet::search
