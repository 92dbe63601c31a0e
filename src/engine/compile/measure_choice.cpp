#include "engine/compile/measure_choice.h"

#include <algorithm>
#include <chrono>
#include <limits>

#include "engine/compile/conv_choice.h"
#include "engine/compile/pack_weights.h"
#include "engine/plan/conv_layout.h"
#include "engine/run/run_step.h"

namespace spinenet::engine {
namespace {

// More than the caches hold, so that weights come from memory.
constexpr int64_t kColdFloats = int64_t{16} << 20;
constexpr float kAnyNumber = 0.5F;
constexpr int kRounds = 5;
// A way that is so much slower after two rounds is given up. One is taken that is so much faster than the rule's at
// its best, and faster in nearly every round: on a busy machine one lucky round says nothing.
constexpr double kHopeless = 1.25, kClearly = 0.96;
constexpr int kRoundsWon = kRounds - 1;

CompiledPlan frame_of(const CompiledPlan& plan) {
  CompiledPlan frame;
  frame.kernels = plan.kernels;
  frame.threads = plan.threads;
  frame.batch = plan.batch;
  frame.zeros = plan.zeros;
  return frame;
}

}  // namespace

ChoiceTimer::ChoiceTimer(const CompiledPlan& plan)
    : plan_(frame_of(plan)), workers_(plan.threads), maps_(aligned_floats(plan.memory)) {
  std::fill_n(maps_.get(), plan.memory, kAnyNumber);
}

// Scale and shift make every output the same, plus its residual.
ConvStep ChoiceTimer::prepared(const ConvStep& step, const ConvChoice& choice) {
  ConvStep copy = step;
  take_choice(copy, choice);
  for (ConvSite& site : copy.sites) {
    std::fill(site.affine.scale.begin(), site.affine.scale.end(), 0.0F);
    std::fill(site.affine.shift.begin(), site.affine.shift.end(), kAnyNumber);
  }
  const int64_t weights = weight_floats(copy, plan_.kernels->panel);
  if (pool_size_ < kColdFloats + weights) {
    pool_size_ = kColdFloats + weights;
    pool_ = aligned_floats(pool_size_);
    std::fill_n(pool_.get(), pool_size_, kAnyNumber);
  }
  const int64_t scratch = scratch_floats(copy, plan_.kernels->panel, plan_.batch);
  plan_.scratch = rounded_up(scratch, kernels::kChannelBlock);
  const auto all = static_cast<size_t>(plan_.scratch * plan_.threads);
  if (scratch_.size() < all) scratch_.resize(all, kAnyNumber);
  return copy;
}

// Elsewhere in the pool each time.
void ChoiceTimer::place_weights(ConvStep& step) {
  const int64_t weights = weight_floats(step, plan_.kernels->panel);
  if (next_ + weights > pool_size_) next_ = 0;
  step.weights = weights_at(step, plan_.kernels->panel, pool_, pool_.get() + next_);
  next_ += rounded_up(weights, kernels::kChannelBlock);
}

double ChoiceTimer::seconds_of(ConvStep& conv) {
  place_weights(conv);
  const Step step = conv;
  const auto start = std::chrono::steady_clock::now();
  workers_.run(task_count(plan_, step, plan_.batch), [&](int64_t task, int thread) {
    run_task(plan_, step, task, {maps_.get(), scratch_.data() + thread * plan_.scratch, plan_.batch});
  });
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

ConvChoice ChoiceTimer::fastest(const ConvStep& step, std::span<const ConvChoice> candidates) {
  std::vector<double> least(candidates.size(), std::numeric_limits<double>::infinity());
  std::vector<int> won(candidates.size(), 0);
  for (int round = 0; round < kRounds; ++round) {
    const double best = *std::min_element(least.begin(), least.end());
    double of_rule = 0;
    for (size_t i = 0; i < candidates.size(); ++i) {
      if (i > 0 && round >= 2 && least[i] > kHopeless * best) continue;
      ConvStep ready = prepared(step, candidates[i]);
      const double seconds = seconds_of(ready);
      if (i == 0) of_rule = seconds;
      if (seconds < of_rule) ++won[i];
      least[i] = std::min(least[i], seconds);
    }
  }
  size_t best = 0;
  for (size_t i = 1; i < candidates.size(); ++i) {
    if (won[i] >= kRoundsWon && least[i] < std::min(kClearly * least[0], least[best])) best = i;
  }
  return candidates[best];
}

}  // namespace spinenet::engine
