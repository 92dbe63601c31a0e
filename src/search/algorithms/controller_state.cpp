#include "search/algorithms/controller_state.h"

#include "base/error.h"
#include "search/algorithms/state_text.h"

namespace spinenet::search {

constexpr std::string_view kName = "controller";
constexpr int kVersion = 1;

std::string state_text(const ControllerState& state, const arch::SearchSpace& space) {
  Json json = state_head(kName, kVersion, space);
  json["updates"] = state.updates;
  json["batches"] = state.batches;
  json["baseline"] = state.baseline;
  json["variance"] = state.variance;
  json["pending"] = Json::array();
  for (const Rewarded& one : state.pending) {
    json["pending"].push_back({{"reward", one.reward}, {"choices", one.choices}});
  }
  json["weights"] = to_base64(state.weights);
  json["first_moments"] = to_base64(state.first_moments);
  json["second_moments"] = to_base64(state.second_moments);
  return json.dump();
}

ControllerState read_state(std::string_view text, const arch::SearchSpace& space, size_t weights) {
  const Json json = parse_state(text, kName, kVersion, space);
  ControllerState state;
  state.updates = state_count(json, "updates");
  state.batches = state_count(json, "batches");
  state.baseline = state_number(json, "baseline");
  state.variance = state_number(json, "variance");
  if (state.variance < 0) fail(ErrorKind::bad_data, "\"variance\" is below 0", "state of a search algorithm");
  for (const Json& one : state_list(json, "pending")) {
    state.pending.push_back({state_choices(one, "choices", space), state_number(one, "reward")});
  }
  state.weights = state_floats(json, "weights", weights);
  state.first_moments = state_floats(json, "first_moments", weights);
  state.second_moments = state_floats(json, "second_moments", weights);
  return state;
}

}  // namespace spinenet::search
