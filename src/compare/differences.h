// By how much the recipes of a comparison differ from one of them, the baseline: seed by seed, since two runs of one
// seed see the same images in the same order where their batches are alike, and over the seeds that both have.
//
// An interval is that of 95 % by Student's t over the paired seeds; one pair has none. It says how far the mean may be
// off by the chance of seeds alone, not what other data or budgets would give.
//
// Thread contract: plain data and pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "compare/result.h"
#include "plot/curves.h"

namespace spinenet::compare {

inline constexpr double kConfidence = 0.95;

struct MeanDifference {
  double mean = 0;
  std::optional<double> half_width;  // of the interval; of two pairs and more
};
// Nothing of no differences.
std::optional<MeanDifference> mean_difference(std::span<const double> differences);

struct PairedDifference {
  std::vector<uint64_t> seeds;          // where both runs ended and have the number
  std::optional<MeanDifference> value;  // what the recipe has more than the baseline
};
PairedDifference paired_difference(const Contestant& contestant, const Contestant& baseline, std::string_view number);

struct DifferenceAtStep {
  int64_t step = 0;
  MeanDifference value;
};
struct DifferenceCurve {
  std::vector<uint64_t> seeds;           // that both have
  std::vector<DifferenceAtStep> points;  // the steps at which the runs of all these seeds have the number
};
DifferenceCurve difference_curve(const Contestant& contestant, const Contestant& baseline, std::string_view number);

// All but the baseline, in their order.
std::vector<const Contestant*> compared_with_baseline(const Comparison& comparison);

// "+0.012 [-0.003, +0.027]", "+0.012" of one pair, a dash of none.
std::string text_of(const PairedDifference& difference);
// What the rows below are of: "... the mean over the seeds that both have [95 % interval of Student's t]."
std::string differences_note(const Comparison& comparison);
// One row for each recipe but the baseline, the first row with the names of the columns; none where there is no other.
std::vector<std::vector<std::string>> difference_rows(const Comparison& comparison);

// The difference of a claimed number as training goes on, with the interval as its spread. The baseline is a series of
// zeros, so that a colour means the same as in the other charts.
std::vector<plot::Series> difference_series(const Comparison& comparison, std::string_view number);

// "baseline", "confidence", "differences" of all shown numbers and "difference_curves" of the claimed ones.
void add_differences(Json& json, const Comparison& comparison);

}  // namespace spinenet::compare
