// How long each way to compute a convolution takes here: the step runs in memory of its own, with weights that are cold
// as in a network, and outputs that cannot grow.
//
// Invariant: the rule's choice stays unless another is clearly faster, so that noise does not choose.
// Thread contract: one thread at a time; it uses as many as the plan has.
#pragma once

#include <span>
#include <vector>

#include "engine/plan/plan.h"
#include "kernels/worker_group.h"

namespace spinenet::engine {

class ChoiceTimer {
 public:
  // Of the plan: processor, threads, batch and the memory of its maps.
  explicit ChoiceTimer(const CompiledPlan& plan);

  // `candidates`: the rule's first.
  ConvChoice fastest(const ConvStep& step, std::span<const ConvChoice> candidates);

 private:
  ConvStep prepared(const ConvStep& step, const ConvChoice& choice);
  double seconds_of(ConvStep& step);
  void place_weights(ConvStep& step);

  CompiledPlan plan_;  // without steps
  kernels::WorkerGroup workers_;
  AlignedFloats maps_;
  std::vector<float> scratch_;
  std::shared_ptr<float[]> pool_;
  int64_t pool_size_ = 0, next_ = 0;  // of the weights
};

}  // namespace spinenet::engine
