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

Policy::Policy(const PolicyLayout& layout, const ControllerOptions& options, std::span<const float> weights)
    : layout_(layout),
      temperature_(static_cast<float>(options.temperature)),
      tanh_constant_(static_cast<float>(options.tanh_constant)),
      gates_(static_cast<size_t>(4 * layout.hidden)),
      hidden_(static_cast<size_t>(layout.hidden)),
      cell_(static_cast<size_t>(layout.hidden)) {
  set_weights(weights);
}

void Policy::set_weights(std::span<const float> weights) {
  const auto part = [&weights](const WeightBlock& block) { return weights.subspan(block.offset, block.size()); };
  const auto embedding = static_cast<size_t>(layout_.embedding);
  const std::vector<float> by_input = transposed(part(layout_.input_weights), embedding);
  choice_gates_ = product(part(layout_.choice_rows), by_input, embedding);
  kind_gates_ = product(part(layout_.kind_rows), by_input, embedding);
  block_gates_ = product(part(layout_.block_rows), by_input, embedding);
  const std::span<const float> bias = part(layout_.gate_bias);
  for (size_t i = 0; i < kind_gates_.size(); ++i) kind_gates_[i] += bias[i % bias.size()];
  by_hidden_ = transposed(part(layout_.hidden_weights), hidden_.size());
  const std::span<const float> head = part(layout_.head), step_bias = part(layout_.step_bias);
  head_.assign(head.begin(), head.end());
  step_bias_.assign(step_bias.begin(), step_bias.end());
}

void Policy::begin() {
  position_ = 0;
  previous_row_ = 0;
  std::ranges::fill(hidden_, 0.0f);
  std::ranges::fill(cell_, 0.0f);
}

void Policy::step(arch::DecisionKind kind, int block) {
  const size_t width = gates_.size();
  const float* choice_row = &choice_gates_[static_cast<size_t>(previous_row_) * width];
  const float* kind_row = &kind_gates_[static_cast<size_t>(kind) * width];
  const float* block_row = &block_gates_[static_cast<size_t>(block) * width];
  for (size_t g = 0; g < width; ++g) gates_[g] = choice_row[g] + kind_row[g] + block_row[g];
  lstm_step(by_hidden_, gates_, hidden_, cell_);
}

std::span<const float> Policy::probabilities(const arch::Decision& decision) {
  if (position_ >= layout_.steps) fail(ErrorKind::failed, "more decisions than decision_count says", "controller");
  step(decision.kind, decision.block);
  const size_t hidden = hidden_.size();
  const float* bias = &step_bias_[static_cast<size_t>(position_) * static_cast<size_t>(layout_.columns)];
  probabilities_.resize(decision.options.size());
  float largest = -INFINITY;
  for (size_t i = 0; i < probabilities_.size(); ++i) {
    const auto column = static_cast<size_t>(layout_.column(decision, decision.options[i]));
    float logit = bias[column];
    for (size_t h = 0; h < hidden; ++h) logit += hidden_[h] * head_[column * hidden + h];
    logit /= temperature_;
    if (tanh_constant_ > 0) logit = tanh_constant_ * hyperbolic_tangent(logit);
    probabilities_[i] = logit;
    largest = std::max(largest, logit);
  }
  float sum = 0;
  for (float& p : probabilities_) sum += p = exponential(p - largest);
  for (float& p : probabilities_) p /= sum;
  return probabilities_;
}

void Policy::take(const arch::Decision& decision, size_t option) {
  previous_row_ = 1 + layout_.column(decision, decision.options[option]);
  ++position_;
}

}  // namespace spinenet::search
