#include "search/algorithms/controller.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/format.h"
#include "search/algorithms/controller_episodes.h"
#include "search/algorithms/controller_gradient.h"

namespace spinenet::search {
namespace {

constexpr double kAdamMeanDecay = 0.9, kAdamVarianceDecay = 0.999, kAdamEpsilon = 1e-8;

// Draws each choice, from the policy.
class Draw : public arch::Chooser {
 public:
  Draw(Policy& policy, Random& random) : policy_(policy), random_(random) { policy_.begin(); }

  size_t choose(const arch::Decision& decision) override {
    const std::span<const float> probabilities = policy_.probabilities(decision);
    float left = static_cast<float>(random_.uniform());
    size_t option = 0;
    while (option + 1 < probabilities.size() && left >= probabilities[option]) left -= probabilities[option++];
    policy_.take(decision, option);
    return option;
  }

 private:
  Policy& policy_;
  Random& random_;
};

// base to a power of at least 0, with the same bits everywhere, which std::pow does not promise.
double power(double base, int64_t exponent) {
  double result = 1;
  for (; exponent > 0; exponent /= 2, base *= base) {
    if (exponent % 2 == 1) result *= base;
  }
  return result;
}

void adam_step(ControllerState& state, std::span<const float> gradient, double learning_rate) {
  ++state.updates;
  const auto rate = static_cast<float>(learning_rate / (1 - power(kAdamMeanDecay, state.updates)));
  const auto correction = static_cast<float>(1 / (1 - power(kAdamVarianceDecay, state.updates)));
  const auto b1 = static_cast<float>(kAdamMeanDecay), b2 = static_cast<float>(kAdamVarianceDecay);
  for (size_t i = 0; i < gradient.size(); ++i) {
    float& m = state.first_moments[i];
    float& v = state.second_moments[i];
    m = b1 * m + (1 - b1) * gradient[i];
    v = b2 * v + (1 - b2) * gradient[i] * gradient[i];
    state.weights[i] -= rate * m / (std::sqrt(v * correction) + static_cast<float>(kAdamEpsilon));
  }
}

// Baseline and spread as the batches so far have them, the new one included; a first batch stands for itself.
void follow_rewards(ControllerState& state, double decay) {
  const auto n = static_cast<double>(state.pending.size());
  double mean = 0, variance = 0;
  for (const Rewarded& one : state.pending) mean += one.reward / n;
  for (const Rewarded& one : state.pending) variance += (one.reward - mean) * (one.reward - mean) / n;
  const double kept = state.batches == 0 ? 0 : decay;
  state.baseline = kept * state.baseline + (1 - kept) * mean;
  state.variance = kept * state.variance + (1 - kept) * variance;
  ++state.batches;
}

std::vector<float> advantages_of(const ControllerState& state) {
  std::vector<float> advantages(state.pending.size(), 0.0f);
  const double deviation = std::sqrt(state.variance);
  if (!(deviation > 0)) return advantages;
  for (size_t i = 0; i < advantages.size(); ++i) {
    advantages[i] = static_cast<float>((state.pending[i].reward - state.baseline) / deviation);
  }
  return advantages;
}

ControllerState initial_state(const PolicyLayout& layout) {
  ControllerState state;
  state.weights = initial_policy_weights(layout, Random(Random::hash("controller")));
  state.first_moments.assign(layout.size, 0.0f);
  state.second_moments.assign(layout.size, 0.0f);
  return state;
}

}  // namespace

Controller::Controller(const arch::SearchSpace& space, const ControllerOptions& options)
    : space_(space),
      options_(options),
      layout_(space, options),
      state_(initial_state(layout_)),
      policy_(layout_, options, state_.weights) {}

arch::Sample Controller::suggest(Random& random) {
  Draw draw(policy_, random);
  return arch::generate(space_, draw);
}

std::optional<double> Controller::reward_of(const Trial& trial) const {
  if (trial.state == TrialState::complete && std::isfinite(trial.measurement.score)) return trial.measurement.score;
  if (trial.state == TrialState::complete || trial.state == TrialState::rejected) return options_.failure_reward;
  switch (trial.failure) {
    case TrialFailure::non_finite:
    case TrialFailure::out_of_memory:
    case TrialFailure::timeout:
      return options_.failure_reward;
    case TrialFailure::none:
    case TrialFailure::crash:
    case TrialFailure::error:
    case TrialFailure::lost:
      break;
  }
  return std::nullopt;
}

void Controller::update(const Trial& trial) {
  const std::optional<double> reward = reward_of(trial);
  if (!reward) return;
  arch::replay(space_, trial.choices);  // refuses choices of another space
  state_.pending.push_back({trial.choices, *reward});
  if (state_.pending.size() < static_cast<size_t>(options_.batch)) return;
  learn();
  state_.pending.clear();
  policy_.set_weights(state_.weights);
}

void Controller::learn() {
  const Episodes episodes = episodes_of(space_, layout_, state_.pending);
  follow_rewards(state_, options_.baseline_decay);
  const std::vector<float> advantages = advantages_of(state_);
  std::vector<float> old_log_probabilities;
  for (int epoch = 0; epoch < options_.epochs; ++epoch) {
    const LossGradient found =
        loss_gradient(layout_, options_, state_.weights, episodes, {advantages, old_log_probabilities});
    if (!std::ranges::all_of(found.by_weight, [](float x) { return std::isfinite(x); })) return;
    adam_step(state_, found.by_weight, options_.learning_rate);
    if (epoch == 0) old_log_probabilities = found.log_probabilities;
  }
}

std::string Controller::state() const {
  return state_text(state_, space_);
}

void Controller::restore(std::string_view text) {
  ControllerState state = read_state(text, space_, layout_.size);
  if (state.pending.size() >= static_cast<size_t>(options_.batch)) {
    fail(ErrorKind::bad_data, fmt::format("holds {} rewards of a batch of {}", state.pending.size(), options_.batch),
         "state of a search algorithm", "go on with the options that the study began with");
  }
  state_ = std::move(state);
  policy_.set_weights(state_.weights);
}

std::vector<float> Controller::log_probabilities(const arch::Choices& choices) {
  std::vector<float> logarithms;
  policy_.begin();
  follow(space_, choices, [&](const arch::Decision& decision, size_t option) {
    logarithms.push_back(std::log(policy_.probabilities(decision)[option]));
    policy_.take(decision, option);
  });
  return logarithms;
}

}  // namespace spinenet::search
