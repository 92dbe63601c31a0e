// Which earlier trial's weights a trial begins with (proxy.inherit), and what its score is worth beside those of trials
// that were trained for longer or shorter. Weights handed on from trial to trial make a search affordable: Real et al.,
// "Large-Scale Evolution of Image Classifiers", section 3.4. The slope is that of Theil and Sen: the median over all
// pairs, which a few odd trials do not move.
//
// Invariant: everything depends on the trials that are given alone, so the same study comes out for any number of
// workers.
// Thread contract: pure functions.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "arch/architecture.h"
#include "search/trials/candidate.h"
#include "search/trials/trial.h"

namespace spinenet::search {

// Metrics of a trial of a study whose trials inherit weights.
inline constexpr const char* kInheritedMetric = "inherited";  // share of its parameters that its parent gave
inline constexpr const char* kParentMetric = "parent";        // number of the trial; of one without a parent not there
inline constexpr const char* kAgeMetric = "age";              // epochs in its line of descent, its own included
inline constexpr const char* kUncorrectedMetric = "uncorrected_score";

// Facts in which two backbones of one space differ, block by block in the order of their listing, which is what the
// tensors are named after: levels, kinds, widths, each parent.
int64_t distance_of(const arch::ScalePermuted& a, const arch::ScalePermuted& b);
// Share of the trained parameters of a network whose tensors have the same name and shape in another one.
double share_of(const SearchTask& task, const arch::Architecture& network, const arch::Architecture& source);

struct Parent {
  int64_t number = 0;
  std::string weights;  // the name of their file
  double age = 0;
  double share = 0;  // of the parameters of the trial to be, above 0

  bool operator==(const Parent&) const = default;
};
// Among the complete trials that were trained themselves and whose weights were kept, the one whose backbone is
// nearest; of several the one with the highest score, then the first. Nothing where none has a tensor to give.
std::optional<Parent> parent_of(const SearchTask& task, const arch::ScalePermuted& backbone,
                                std::span<const Trial> earlier);

// What a doubled age adds to a score, at least 0: the median slope over all pairs of complete trials that were trained
// themselves, for all of proxy.epochs; of more than a thousand such trials over the last thousand. 0 where all are of
// one age.
double age_slope(const SearchTask& task, std::span<const Trial> earlier);
// A score of a network of this age as it would be at `epochs`; a younger one keeps the score that it has.
double corrected_score(double score, double age, double epochs, double slope);

}  // namespace spinenet::search
