// The controller's loss as controller_policy.h and controller_gradient.h write it, in double precision, one number
// after the other and with nothing prepared; and its slopes by central differences. What the tests compare the loops
// with.
//
// Thread contract: pure functions.
#pragma once

#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

#include "search/algorithms/controller_episodes.h"
#include "search/algorithms/controller_options.h"
#include "search/algorithms/controller_policy.h"

namespace spinenet::search::fixture {

struct ReferenceStep {
  double log_probability = 0, entropy = 0;
};

class ReferencePolicy {
 public:
  ReferencePolicy(const arch::SearchSpace& space, const ControllerOptions& options, std::span<const float> values)
      : weights(values.begin(), values.end()), space_(space), options_(options), layout_(space, options) {}

  // Each decision of the choices.
  std::vector<ReferenceStep> steps(const arch::Choices& choices) const {
    std::vector<ReferenceStep> all;
    std::vector<double> hidden(static_cast<size_t>(layout_.hidden), 0.0), cell = hidden;
    int choice_row = 0;
    follow(space_, choices, [&](const arch::Decision& decision, size_t option) {
      advance(choice_row, decision, hidden, cell);
      all.push_back(softmax(logits(static_cast<int>(all.size()), decision, hidden), option));
      choice_row = 1 + layout_.column(decision, decision.options[option]);
    });
    return all;
  }

  // `old` [T, B] as Lesson's.
  double loss(const std::vector<Rewarded>& batch, std::span<const float> advantages,
              std::span<const double> old) const {
    double sum = 0;
    for (size_t b = 0; b < batch.size(); ++b) {
      const std::vector<ReferenceStep> all = steps(batch[b].choices);
      for (size_t t = 0; t < all.size(); ++t) {
        double gain = all[t].log_probability * advantages[b];
        if (options_.objective == PolicyObjective::clipped) {
          const double ratio = std::exp(all[t].log_probability - old[t * batch.size() + b]);
          const double clipped = std::clamp(ratio, 1 - options_.clip, 1 + options_.clip);
          gain = std::min(ratio * advantages[b], clipped * advantages[b]);
        }
        sum += gain + options_.entropy_weight * all[t].entropy;
      }
    }
    return -sum / static_cast<double>(batch.size());
  }

  // Of the loss along one weight.
  double slope(size_t weight, const std::vector<Rewarded>& batch, std::span<const float> advantages,
               std::span<const double> old) {
    constexpr double kStep = 1e-5;
    const double before = weights[weight];
    weights[weight] = before + kStep;
    const double above = loss(batch, advantages, old);
    weights[weight] = before - kStep;
    const double below = loss(batch, advantages, old);
    weights[weight] = before;
    return (above - below) / (2 * kStep);
  }

  std::vector<double> weights;

 private:
  double at(const WeightBlock& block, int row, int column) const {
    return weights[block.offset + static_cast<size_t>(row * block.columns + column)];
  }

  void advance(int choice_row, const arch::Decision& decision, std::vector<double>& hidden,
               std::vector<double>& cell) const {
    const auto sigmoid = [](double x) { return 1 / (1 + std::exp(-x)); };
    const std::vector<double> hidden_before = hidden;
    const auto gate = [&](int g) {
      double sum = at(layout_.gate_bias, 0, g);
      for (int e = 0; e < layout_.embedding; ++e) {
        const double input = at(layout_.choice_rows, choice_row, e) +
                             at(layout_.kind_rows, static_cast<int>(decision.kind), e) +
                             at(layout_.block_rows, decision.block, e);
        sum += at(layout_.input_weights, g, e) * input;
      }
      for (int h = 0; h < layout_.hidden; ++h) {
        sum += at(layout_.hidden_weights, g, h) * hidden_before[static_cast<size_t>(h)];
      }
      return sum;
    };
    for (int h = 0; h < layout_.hidden; ++h) {
      double& c = cell[static_cast<size_t>(h)];
      c = sigmoid(gate(layout_.hidden + h)) * c + sigmoid(gate(h)) * std::tanh(gate(2 * layout_.hidden + h));
      hidden[static_cast<size_t>(h)] = sigmoid(gate(3 * layout_.hidden + h)) * std::tanh(c);
    }
  }

  std::vector<double> logits(int step, const arch::Decision& decision, const std::vector<double>& hidden) const {
    std::vector<double> all;
    for (const int value : decision.options) {
      const int column = layout_.column(decision, value);
      double logit = at(layout_.step_bias, step, column);
      for (int h = 0; h < layout_.hidden; ++h) logit += at(layout_.head, column, h) * hidden[static_cast<size_t>(h)];
      logit /= options_.temperature;
      all.push_back(options_.tanh_constant > 0 ? options_.tanh_constant * std::tanh(logit) : logit);
    }
    return all;
  }

  static ReferenceStep softmax(const std::vector<double>& logits, size_t option) {
    double sum = 0;
    for (const double logit : logits) sum += std::exp(logit);
    ReferenceStep step{logits[option] - std::log(sum), 0};
    for (const double logit : logits) step.entropy -= std::exp(logit) / sum * (logit - std::log(sum));
    return step;
  }

  arch::SearchSpace space_;
  ControllerOptions options_;
  PolicyLayout layout_;
};

}  // namespace spinenet::search::fixture
