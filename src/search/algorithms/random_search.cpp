#include "search/algorithms/random_search.h"

#include "search/algorithms/state_text.h"

namespace spinenet::search {

constexpr std::string_view kRandomName = "random";
constexpr int kRandomVersion = 1;

std::string RandomSearch::state() const {
  return state_head(kRandomName, kRandomVersion, space_).dump();
}

void RandomSearch::restore(std::string_view state) {
  parse_state(state, kRandomName, kRandomVersion, space_);
}

}  // namespace spinenet::search
