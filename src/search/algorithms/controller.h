// A policy that learns which architectures are good: an LSTM takes the decisions of the space one after the other, each
// knowing those before; its weights follow the gradient of the expected reward.
//
// A step sees the previous choice, the kind of the decision and the block, and gives a logit for each value, of which
// those that the decision offers are drawn by softmax. Every `batch` rewards the weights take one or several steps of
// Adam along reinforce's gradient (or that of the clipped objective), with an entropy bonus. Rewards count as their
// distance from a moving baseline in moving standard deviations, so that no option depends on the unit of the score.
//
// What an ended trial without a score teaches: one that the architecture itself undid (not finite, out of memory, too
// slow, rejected by a constraint) counts as `failure_reward`, so that the policy leaves such regions; one that the
// machine undid (crash, error, lost) says nothing about the architecture and is skipped.
//
// Both suggestions and learning are plain loops of a fixed order, so that every machine learns the same to the last bit
// and every build has the controller.
// Invariant: as SearchAlgorithm's, learning included.
// Thread contract: belongs to one thread; learning runs on that thread alone.
// Sources: Zoph & Le, Neural Architecture Search with Reinforcement Learning (2017), section 3; Williams, Simple
// Statistical Gradient-Following Algorithms (1992); Schulman et al., Proximal Policy Optimization Algorithms (2017),
// section 3; Bello et al., Neural Combinatorial Optimization with Reinforcement Learning (2016), appendix A.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/fields.h"
#include "search/algorithms/algorithm.h"
#include "search/algorithms/controller_policy.h"
#include "search/algorithms/controller_state.h"

namespace spinenet::search {

class Controller : public SearchAlgorithm {
 public:
  Controller(const arch::SearchSpace& space, const ControllerOptions& options);

  arch::Sample suggest(Random& random) override;
  void update(const Trial& trial) override;
  std::string state() const override;
  void restore(std::string_view state) override;

  // The natural logarithm of the probability of each choice.
  std::vector<float> log_probabilities(const arch::Choices& choices);

 private:
  std::optional<double> reward_of(const Trial& trial) const;
  void learn();

  arch::SearchSpace space_;
  ControllerOptions options_;
  PolicyLayout layout_;
  ControllerState state_;
  Policy policy_;  // of state_.weights
};

}  // namespace spinenet::search
