#include "search/algorithms/controller_policy.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "search/algorithms/controller_loops.h"

namespace spinenet::search {
namespace {

constexpr int kPaperDecisionKinds = 6;

}  // namespace

PolicyLayout::PolicyLayout(const arch::SearchSpace& space, const ControllerOptions& options)
    : level_shifts(space.level_shifts),
      hidden(options.hidden),
      embedding(options.embedding),
      steps(static_cast<int>(arch::decision_count(space))) {
  const auto intermediates = static_cast<int>(space.intermediate_levels.size());
  const auto outputs = static_cast<int>(space.output_levels.size());
  blocks = arch::kStemBlocks + intermediates + outputs;
  const std::array<int, kDecisionKinds> widths{intermediates,
                                               outputs,
                                               blocks - 1,
                                               blocks - 1,
                                               static_cast<int>(space.level_shifts.size()),
                                               static_cast<int>(space.kinds.size()),
                                               space.max_parents > arch::kMinParents ? blocks : 0,
                                               space.widths.size() > 1 ? static_cast<int>(space.widths.size()) : 0};
  int asked = kPaperDecisionKinds;  // the last two kinds are asked in an open space only
  for (size_t kind = 0; kind < widths.size(); ++kind) {
    first_column[kind] = columns;
    columns += widths[kind];
    if (widths[kind] > 0) asked = std::max(asked, static_cast<int>(kind) + 1);
  }
  const auto place = [this](WeightBlock& block, int rows, int width) {
    block = {size, rows, width};
    size += block.size();
  };
  place(choice_rows, columns + 1, embedding);
  place(kind_rows, asked, embedding);
  place(block_rows, blocks, embedding);
  place(input_weights, 4 * hidden, embedding);
  place(hidden_weights, 4 * hidden, hidden);
  place(gate_bias, 1, 4 * hidden);
  place(head, columns, hidden);
  place(step_bias, steps, columns);
}

int PolicyLayout::column(const arch::Decision& decision, int value) const {
  const int first = first_column[static_cast<size_t>(decision.kind)];
  switch (decision.kind) {
    case arch::DecisionKind::first_parent:
    case arch::DecisionKind::second_parent:
      return first + decision.block - 1 - value;
    case arch::DecisionKind::level_shift:
      return first + static_cast<int>(std::ranges::find(level_shifts, value) - level_shifts.begin());
    case arch::DecisionKind::more_parent:  // none, then as for the others
      return value == arch::kNoParent ? first : first + decision.block - value;
    case arch::DecisionKind::intermediate_slot:
    case arch::DecisionKind::output_slot:
    case arch::DecisionKind::block_kind:
    case arch::DecisionKind::block_width:
      break;
  }
  return first + value;
}

std::vector<float> initial_policy_weights(const PolicyLayout& layout, Random random) {
  std::vector<float> weights(layout.size, 0.0f);
  const double bound = 1 / std::sqrt(static_cast<double>(layout.hidden));
  for (size_t i = 0; i < layout.head.offset; ++i) weights[i] = static_cast<float>(random.uniform(-bound, bound));
  return weights;
}

PolicyNetwork network_of(const PolicyLayout& layout, const ControllerOptions& options, std::span<const float> weights) {
  const auto part = [&weights](const WeightBlock& block) { return part_of(weights, block); };
  const auto copy = [&part](const WeightBlock& block) {
    const std::span<const float> values = part(block);
    return std::vector<float>(values.begin(), values.end());
  };
  const auto embedding = static_cast<size_t>(layout.embedding);
  const std::vector<float> by_input = transposed(part(layout.input_weights), embedding);
  PolicyNetwork network;
  network.hidden = static_cast<size_t>(layout.hidden);
  network.columns = static_cast<size_t>(layout.columns);
  network.temperature = static_cast<float>(options.temperature);
  network.tanh_constant = static_cast<float>(options.tanh_constant);
  network.choice_gates = product(part(layout.choice_rows), by_input, embedding);
  network.kind_gates = product(part(layout.kind_rows), by_input, embedding);
  network.block_gates = product(part(layout.block_rows), by_input, embedding);
  const std::span<const float> bias = part(layout.gate_bias);
  for (size_t i = 0; i < network.kind_gates.size(); ++i) network.kind_gates[i] += bias[i % bias.size()];
  network.by_hidden = transposed(part(layout.hidden_weights), network.hidden);
  network.head = copy(layout.head);
  network.step_bias = copy(layout.step_bias);
  return network;
}

void input_gates(const PolicyNetwork& network, const InputRows& input, std::span<float> gates) {
  const size_t width = gates.size();
  const float* choice_row = &network.choice_gates[input.choice * width];
  const float* kind_row = &network.kind_gates[input.kind * width];
  const float* block_row = &network.block_gates[input.block * width];
  for (size_t g = 0; g < width; ++g) gates[g] = choice_row[g] + kind_row[g] + block_row[g];
}

float logit_of(const PolicyNetwork& network, std::span<const float> hidden, size_t step, size_t column) {
  const float* row = &network.head[column * network.hidden];
  float logit = network.step_bias[step * network.columns + column];
  for (size_t h = 0; h < network.hidden; ++h) logit += hidden[h] * row[h];
  logit /= network.temperature;
  return network.tanh_constant > 0 ? network.tanh_constant * hyperbolic_tangent(logit) : logit;
}

Policy::Policy(const PolicyLayout& layout, const ControllerOptions& options, std::span<const float> weights)
    : layout_(layout),
      options_(options),
      gates_(static_cast<size_t>(4 * layout.hidden)),
      hidden_(static_cast<size_t>(layout.hidden)),
      cell_(static_cast<size_t>(layout.hidden)) {
  set_weights(weights);
}

void Policy::set_weights(std::span<const float> weights) {
  network_ = network_of(layout_, options_, weights);
}

void Policy::begin() {
  position_ = 0;
  previous_row_ = 0;
  std::ranges::fill(hidden_, 0.0f);
  std::ranges::fill(cell_, 0.0f);
}

std::span<const float> Policy::probabilities(const arch::Decision& decision) {
  if (position_ >= static_cast<size_t>(layout_.steps)) {
    fail(ErrorKind::failed, "more decisions than decision_count says", "controller");
  }
  input_gates(network_, {previous_row_, static_cast<size_t>(decision.kind), static_cast<size_t>(decision.block)},
              gates_);
  lstm_step(network_.by_hidden, gates_, hidden_, cell_);
  probabilities_.resize(decision.options.size());
  float largest = -INFINITY;
  for (size_t i = 0; i < probabilities_.size(); ++i) {
    const auto column = static_cast<size_t>(layout_.column(decision, decision.options[i]));
    probabilities_[i] = logit_of(network_, hidden_, position_, column);
    largest = std::max(largest, probabilities_[i]);
  }
  float sum = 0;
  for (float& p : probabilities_) sum += p = exponential(p - largest);
  for (float& p : probabilities_) p /= sum;
  return probabilities_;
}

void Policy::take(const arch::Decision& decision, size_t option) {
  previous_row_ = 1 + static_cast<size_t>(layout_.column(decision, decision.options[option]));
  ++position_;
}

}  // namespace spinenet::search
