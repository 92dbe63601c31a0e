// Everything that a controller carries from one trial to the next, and its text.
//
// Invariant: reading what was written gives the same bits.
// Thread contract: plain values and pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "arch/search_space.h"

namespace spinenet::search {

struct Rewarded {
  arch::Choices choices;
  double reward = 0;
};

struct ControllerState {
  std::vector<float> weights;
  std::vector<float> first_moments, second_moments;  // of Adam
  int64_t updates = 0;                               // of the weights
  int64_t batches = 0;                               // learnt from
  double baseline = 0, variance = 0;                 // moving mean and variance of the rewards
  std::vector<Rewarded> pending;                     // not yet learnt from
};

std::string state_text(const ControllerState& state, const arch::SearchSpace& space);
// `weights` is how many the policy has. ErrorKind::bad_data.
ControllerState read_state(std::string_view text, const arch::SearchSpace& space, size_t weights);

}  // namespace spinenet::search
