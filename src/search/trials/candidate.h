// The network that a trial trains: a suggested backbone in the place of the base architecture's, as wide as the recipe
// wants it, and whether its cost is allowed.
//
// Thread contract: plain values and pure functions.
#pragma once

#include <optional>
#include <string>

#include "arch/architecture.h"
#include "graph/cost.h"
#include "search/search_recipe.h"

namespace spinenet::search {

// What a search tries its networks on.
struct SearchTask {
  SearchRecipe recipe;
  arch::Architecture base;  // whose backbone is replaced
  int image_size = 0;
  int classes = 1;
};

// The architecture that is trained, of this backbone; as wide as proxy.multiply_adds allows, or as it is where no width
// is cheap enough.
arch::Architecture candidate(const SearchTask& task, const arch::ScalePermuted& backbone);
graph::Cost cost_of(const SearchTask& task, const arch::Architecture& candidate);
// Why the constraints or proxy.multiply_adds refuse a backbone, or nothing.
std::optional<std::string> objection(const SearchTask& task, const arch::ScalePermuted& backbone);

}  // namespace spinenet::search
