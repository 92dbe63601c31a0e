// The algorithms by name, and everything that a recipe can set about them.
//
// Thread contract: pure functions.
#pragma once

#include <memory>
#include <string>

#include "base/fields.h"
#include "search/algorithms/algorithm.h"
#include "search/algorithms/controller_options.h"
#include "search/algorithms/evolution.h"

namespace spinenet::search {

enum class AlgorithmKind { controller, evolution, random };

constexpr auto names(AlgorithmKind) {
  using enum AlgorithmKind;
  return named<AlgorithmKind>({{controller, "controller"}, {evolution, "evolution"}, {random, "random"}});
}

struct AlgorithmOptions {
  AlgorithmKind kind = AlgorithmKind::controller;
  EvolutionOptions evolution{};
  ControllerOptions controller{};

  bool operator==(const AlgorithmOptions&) const = default;
};

void fields(FieldList& list, AlgorithmOptions& options);

// ErrorKind::bad_data for a space that has none.
std::unique_ptr<SearchAlgorithm> make_algorithm(const arch::SearchSpace& space, const AlgorithmOptions& options);

// The algorithm with its own options on one line, without those of the others: what a study compares.
std::string options_text(const AlgorithmOptions& options);

}  // namespace spinenet::search
