// The objective that the controller learns from, and its gradient by all weights, in plain loops.
//
//   loss = - mean over the samples of the sum over their decisions of  gain + entropy_weight * entropy
//   gain = A log p                                              reinforce
//          min(r A, min(max(r, 1 - clip), 1 + clip) A)          clipped, r = p / p before the batch was learnt from
//
// A is the sample's advantage, p the probability of what was chosen, softmax over the options that the decision offers
// of the logits of controller_policy.h. Each decision is an action of its own: its ratio is clipped by itself, since
// the ratio of whole samples of 70 decisions leaves any bound at once.
//
// The way back goes by the same steps as the way there, from the last to the first: options, head, LSTM, embeddings.
// Invariant: sums have a fixed order, so that every machine gives the same bits.
// Thread contract: pure functions on the caller's thread.
// Sources: as controller.h's; the gradient of softmax by logit i is, for log p_c, [i = c] - p_i, and for the entropy H,
// -p_i (log p_i + H).
#pragma once

#include <span>
#include <vector>

#include "search/algorithms/controller_episodes.h"
#include "search/algorithms/controller_options.h"
#include "search/algorithms/controller_policy.h"

namespace spinenet::search {

// What a batch says about its samples.
struct Lesson {
  std::span<const float> advantages;             // [B]
  std::span<const float> old_log_probabilities;  // [T, B] before the batch; none: the weights are still those
};

struct LossGradient {
  std::vector<float> log_probabilities;  // [T, B] of what was chosen
  std::vector<float> by_weight;          // as the weights
};

LossGradient loss_gradient(const PolicyLayout& layout, const ControllerOptions& options, std::span<const float> weights,
                           const Episodes& episodes, const Lesson& lesson);

}  // namespace spinenet::search
