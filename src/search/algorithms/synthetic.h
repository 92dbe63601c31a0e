// Objectives that cost microseconds and whose best architecture is known: what a search algorithm is tried on before it
// spends days of training. The target scores 1, every other backbone less.
//
//   additive   each block earns for how near its level, its parents and its kind are to the target's: every right
//              decision helps by itself
//   epistatic  a block earns only with its level and its kind both right, and with both parents right: half of a pair
//              says nothing
//   deceptive  a trap (Ackley, 1987; Deb & Goldberg, 1993) in each block: full value with all four parts right, else
//              the more, the fewer of them are right, so that improving step by step leads away from the target
//
// Thread contract: pure functions.
#pragma once

#include "arch/architecture.h"
#include "base/enum_names.h"

namespace spinenet::search {

enum class SyntheticKind { additive, epistatic, deceptive };

constexpr auto names(SyntheticKind) {
  using enum SyntheticKind;
  return named<SyntheticKind>({{additive, "additive"}, {epistatic, "epistatic"}, {deceptive, "deceptive"}});
}

struct SyntheticObjective {
  SyntheticKind kind = SyntheticKind::additive;
  arch::ScalePermuted target;
};

// The target is SpineNet-49 itself.
SyntheticObjective spinenet_49_objective(SyntheticKind kind);

// From 0 to 1. The backbone must have as many blocks as the target.
double score_of(const SyntheticObjective& objective, const arch::ScalePermuted& backbone);

}  // namespace spinenet::search
