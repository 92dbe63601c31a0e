#include "search/algorithms/random_search.h"

#include "search/algorithms/state_text.h"

namespace spinenet::search {

constexpr std::string_view kName = "random";
constexpr int kVersion = 1;

std::string RandomSearch::state() const {
  return state_head(kName, kVersion, space_).dump();
}

void RandomSearch::restore(std::string_view state) {
  parse_state(state, kName, kVersion, space_);
}

}  // namespace spinenet::search
