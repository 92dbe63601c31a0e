// The controller's network over one array of floats: layout, first weights, and drawing a sample in plain loops.
//
// A decision's values are columns of a table: of each kind of decision as many as it can ever offer. Slots, shifts and
// kinds are numbered; a parent's column is its distance back from the block, since what matters (the block just before,
// a long link) is relative. The embedding of the previous choice has one row for each column, and one for "none yet".
//
//   gates_t = input_weights * (choice_row[t-1] + kind_row[t] + block_row[t]) + hidden_weights * h_{t-1} + gate_bias
//   logits_t = head * h_t + step_bias[t],  then / temperature, then c * tanh
//
// Thread contract: a Policy belongs to one thread.
#pragma once

#include <array>
#include <span>
#include <vector>

#include "arch/search_space.h"
#include "base/random.h"
#include "search/algorithms/controller_options.h"

namespace spinenet::search {

// A matrix inside the array of weights, by rows.
struct WeightBlock {
  size_t offset = 0;
  int rows = 0, columns = 0;

  size_t size() const { return static_cast<size_t>(rows) * static_cast<size_t>(columns); }
};

template <class T>
std::span<T> part_of(std::span<T> weights, const WeightBlock& block) {
  return weights.subspan(block.offset, block.size());
}

struct PolicyLayout {
  static constexpr int kDecisionKinds = 8;

  PolicyLayout(const arch::SearchSpace& space, const ControllerOptions& options);

  // Of a value that a decision offers.
  int column(const arch::Decision& decision, int value) const;

  std::vector<int> level_shifts;
  std::array<int, kDecisionKinds> first_column{};
  int hidden = 0, embedding = 0, columns = 0, steps = 0, blocks = 0;
  // [columns + 1, E], [kinds of decisions that the space asks for, E], [blocks, E], [4H, E], [4H, H], [1, 4H],
  // [columns, H], [steps, columns]; gates in the order of LibTorch: input, forget, cell, output.
  WeightBlock choice_rows, kind_rows, block_rows, input_weights, hidden_weights, gate_bias, head, step_bias;
  size_t size = 0;
};

// A head and step bias of zeros, so that the first samples are uniform; the rest uniform within 1 / sqrt(hidden).
std::vector<float> initial_policy_weights(const PolicyLayout& layout, Random random);

// The network of an array of weights, prepared for loops.
struct PolicyNetwork {
  size_t hidden = 0, columns = 0;
  float temperature = 1, tanh_constant = 0;
  // input_weights times each row of the three embeddings [rows, 4H], which are fewer than the steps of a batch; the
  // gate bias in the kinds'.
  std::vector<float> choice_gates, kind_gates, block_gates;
  std::vector<float> by_hidden;  // hidden_weights as [H, 4H]
  std::vector<float> head, step_bias;
};

PolicyNetwork network_of(const PolicyLayout& layout, const ControllerOptions& options, std::span<const float> weights);

// The rows of the embeddings whose sum a step's input is.
struct InputRows {
  size_t choice = 0, kind = 0, block = 0;
};

// What they give the gates [4H].
void input_gates(const PolicyNetwork& network, const InputRows& input, std::span<float> gates);
// Of the value of this column at this step.
float logit_of(const PolicyNetwork& network, std::span<const float> hidden, size_t step, size_t column);

class Policy {
 public:
  Policy(const PolicyLayout& layout, const ControllerOptions& options, std::span<const float> weights);

  void set_weights(std::span<const float> weights);

  // Before the first decision of a sample.
  void begin();
  // Advances to this decision; probabilities of its options, valid until the next call.
  std::span<const float> probabilities(const arch::Decision& decision);
  // Tells which option was taken.
  void take(const arch::Decision& decision, size_t option);

 private:
  PolicyLayout layout_;
  ControllerOptions options_;
  PolicyNetwork network_;
  size_t position_ = 0, previous_row_ = 0;
  std::vector<float> gates_, hidden_, cell_, probabilities_;
};

}  // namespace spinenet::search
