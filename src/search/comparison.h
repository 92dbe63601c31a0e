// Whether one search algorithm is better than another: runs on a synthetic objective, and the test of Mann and Whitney
// on what they reached.
//
// Thread contract: pure functions.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "search/algorithms/algorithms.h"
#include "search/algorithms/synthetic.h"

namespace spinenet::search {

struct SearchRun {
  int64_t trials = 1000;
  int64_t lag = 16;  // trial k is suggested knowing trials 0..k-lag, as in a study with so many workers
  uint64_t seed = 1;
};

// The best score so far after each trial.
std::vector<double> run_search(const arch::SearchSpace& space, const AlgorithmOptions& algorithm,
                               const SyntheticObjective& objective, const SearchRun& run);

// One-sided: the probability of a U as large as that of `better` if both samples were of one distribution. Normal
// approximation with corrections for continuity and ties.
// Source: Mann & Whitney, On a Test of Whether one of Two Random Variables is Stochastically Larger than the Other
// (1947), U, its mean n m / 2 and variance n m (n + m + 1) / 12; Lehmann, Nonparametrics (1975), section 1.4: ties of t
// values take (t^3 - t) / ((n + m) (n + m - 1)) from n + m + 1.
double mann_whitney_p(std::span<const double> better, std::span<const double> worse);

}  // namespace spinenet::search
