// What decides a controller; see controller.h.
//
// Thread contract: plain values.
#pragma once

#include "base/fields.h"

namespace spinenet::search {

enum class PolicyObjective { reinforce, clipped };

constexpr auto names(PolicyObjective) {
  using enum PolicyObjective;
  return named<PolicyObjective>({{reinforce, "reinforce"}, {clipped, "clipped"}});
}

struct ControllerOptions {
  int hidden = 32;
  int embedding = 32;
  double temperature = 1;
  double tanh_constant = 0;
  PolicyObjective objective = PolicyObjective::clipped;
  int batch = 20;
  int epochs = 4;
  double clip = 0.2;
  double learning_rate = 0.01;
  double entropy_weight = 0.01;
  double baseline_decay = 0.9;
  double failure_reward = 0;

  bool operator==(const ControllerOptions&) const = default;
};

void fields(FieldList& list, ControllerOptions& options);

}  // namespace spinenet::search
