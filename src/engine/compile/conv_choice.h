// The ways to compute a convolution of any number format here, one of which a step takes: by a rule, or by what is
// fastest (measure_choice.h).
//
// Invariant: all ways of a step give its results up to the error of Winograd's transforms; those that differ in rows
// and share alone give the same bits. A choice depends on the step's format, conv, columns and sites, and on nothing
// else of it. Thread contract: pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/plan/plan.h"

namespace spinenet::engine {

// Where a choice is made.
struct ChoiceScope {
  bool winograd = true;  // allowed
  int64_t images = 1;    // at once, at most
  int threads = 1;
  bool tiles = false;  // there are matrix tiles
};

// The same for the same step and scope, on every machine.
ConvChoice rule_choice(const ConvStep& step, const ChoiceScope& scope);

// All that are worth a measurement; the rule's is the first.
std::vector<ConvChoice> candidate_choices(const ConvStep& step, const ChoiceScope& scope);

// Sets what depends on the choice but for the weights: k and the tiles.
void take_choice(ConvStep& step, const ConvChoice& choice);

// "winograd, 56, rows", and back; nothing for a text that is none.
std::string to_text(const ConvChoice& choice);
std::optional<ConvChoice> parse_choice(std::string_view text);

// What the time of a step depends on, but for the machine: shapes, threads, number format.
std::string shape_text(const ConvStep& step, const ChoiceScope& scope);

}  // namespace spinenet::engine
