#include "search/algorithms/controller_gradient.h"

#include <algorithm>

#include "search/algorithms/controller_loops.h"

namespace spinenet::search {
namespace {

// One decision, its vectors as long as its options.
struct Decided {
  std::vector<float> logits, log_probabilities, by_logit;
};

void decide(const PolicyNetwork& network, std::span<const float> hidden, size_t step, std::span<const size_t> columns,
            Decided& decided) {
  const size_t count = columns.size();
  decided.logits.resize(count);
  decided.log_probabilities.resize(count);
  decided.by_logit.resize(count);
  for (size_t i = 0; i < count; ++i) decided.logits[i] = logit_of(network, hidden, step, columns[i]);
  const float largest = *std::ranges::max_element(decided.logits);
  float sum = 0;
  for (const float logit : decided.logits) sum += exponential(logit - largest);
  const float log_sum = logarithm(sum);
  for (size_t i = 0; i < count; ++i) decided.log_probabilities[i] = (decided.logits[i] - largest) - log_sum;
}

// The slope of a decision's gain along the logarithm of its probability.
float gain_slope(const ControllerOptions& options, float advantage, float log_ratio) {
  if (options.objective == PolicyObjective::reinforce) return advantage;
  const float ratio = exponential(log_ratio);
  const auto low = static_cast<float>(1 - options.clip), high = static_cast<float>(1 + options.clip);
  const bool clipped = advantage > 0 ? ratio > high : ratio < low;
  return clipped ? 0 : ratio * advantage;
}

// Of gain + entropy_weight * entropy, by the logits as softmax sees them.
void back_through_softmax(float slope, float entropy_weight, size_t chosen, Decided& decided) {
  const std::vector<float>& logarithms = decided.log_probabilities;
  std::vector<float>& by_logit = decided.by_logit;  // the probabilities at first
  float entropy = 0;
  for (size_t i = 0; i < by_logit.size(); ++i) {
    by_logit[i] = exponential(logarithms[i]);
    entropy -= by_logit[i] * logarithms[i];
  }
  for (size_t i = 0; i < by_logit.size(); ++i) {
    by_logit[i] *= -slope - entropy_weight * (logarithms[i] + entropy);
  }
  by_logit[chosen] += slope;
}

// From the logits as softmax sees them to head * hidden + step bias.
void back_through_bounds(const PolicyNetwork& network, Decided& decided) {
  const float bound = network.tanh_constant;
  for (size_t i = 0; i < decided.by_logit.size(); ++i) {
    if (bound > 0) {
      const float squashed = decided.logits[i] / bound;
      decided.by_logit[i] *= bound * (1 - squashed * squashed);
    }
    decided.by_logit[i] /= network.temperature;
  }
}

inline void add_scaled(float factor, const float* values, float* sums, size_t count) {
  for (size_t i = 0; i < count; ++i) sums[i] += factor * values[i];
}

// What the whole way back reads.
struct Batch {
  const PolicyLayout& layout;
  const ControllerOptions& options;
  std::span<const float> weights;
  const Episodes& episodes;
  const Lesson& lesson;
  PolicyNetwork network;
};

// The gradient of the loss by the hidden values [T, B, H]. That of head and step bias goes into `result`, as do the
// log-probabilities.
std::vector<float> back_through_decisions(const Batch& batch, const std::vector<float>& hidden, LossGradient& result) {
  const PolicyNetwork& network = batch.network;
  const Episodes& episodes = batch.episodes;
  const Lesson& lesson = batch.lesson;
  const size_t width = network.hidden;
  const auto entropy_weight = static_cast<float>(batch.options.entropy_weight);
  const float share = -1 / static_cast<float>(episodes.samples);
  float* by_head = part_of(std::span(result.by_weight), batch.layout.head).data();
  float* by_step_bias = part_of(std::span(result.by_weight), batch.layout.step_bias).data();
  std::vector<float> by_hidden(hidden.size(), 0.0f);
  Decided decided;
  for (size_t at = 0; at < episodes.decisions.size(); ++at) {
    const EpisodeStep& decision = episodes.decisions[at];
    const size_t step = at / episodes.samples;
    const std::span<const size_t> columns = episodes.options(decision);
    const float* values = &hidden[at * width];
    decide(network, {values, width}, step, columns, decided);
    const float log_probability = decided.log_probabilities[decision.chosen];
    result.log_probabilities[at] = log_probability;
    const float old = lesson.old_log_probabilities.empty() ? log_probability : lesson.old_log_probabilities[at];
    const float slope = gain_slope(batch.options, lesson.advantages[at % episodes.samples], log_probability - old);
    back_through_softmax(slope, entropy_weight, decision.chosen, decided);
    back_through_bounds(network, decided);
    for (size_t i = 0; i < columns.size(); ++i) {
      const float by_logit = share * decided.by_logit[i];
      by_step_bias[step * network.columns + columns[i]] += by_logit;
      add_scaled(by_logit, values, by_head + columns[i] * width, width);
      add_scaled(by_logit, &network.head[columns[i] * width], &by_hidden[at * width], width);
    }
  }
  return by_hidden;
}

void add(std::span<const float> values, std::span<float> sums) {
  for (size_t i = 0; i < sums.size(); ++i) sums[i] += values[i];
}

// Through one embedding, of whose rows times input_weights the gradient is `by_row_gates` [rows, 4H].
void back_through_embedding(const Batch& batch, const WeightBlock& rows, std::span<const float> by_row_gates,
                            LossGradient& result) {
  const size_t gates = 4 * batch.network.hidden;
  const WeightBlock& input = batch.layout.input_weights;
  const std::span<float> by_weight(result.by_weight);
  add(product(by_row_gates, part_of(batch.weights, input), gates), part_of(by_weight, rows));
  add(product_gradient(by_row_gates, part_of(batch.weights, rows), gates), part_of(by_weight, input));
}

// From the gradient of the gates [T, B, 4H] as the inputs gave them to embeddings, input weights and bias.
void back_through_inputs(const Batch& batch, const std::vector<float>& by_gates, LossGradient& result) {
  const size_t gates = 4 * batch.network.hidden;
  std::vector<float> by_choice(batch.network.choice_gates.size(), 0.0f);
  std::vector<float> by_kind(batch.network.kind_gates.size(), 0.0f);
  std::vector<float> by_block(batch.network.block_gates.size(), 0.0f);
  for (size_t at = 0; at < batch.episodes.decisions.size(); ++at) {
    const InputRows& input = batch.episodes.decisions[at].input;
    const std::span<const float> values(&by_gates[at * gates], gates);
    add(values, std::span(by_choice).subspan(input.choice * gates, gates));
    add(values, std::span(by_kind).subspan(input.kind * gates, gates));
    add(values, std::span(by_block).subspan(input.block * gates, gates));
  }
  const std::span<float> by_bias = part_of(std::span(result.by_weight), batch.layout.gate_bias);
  for (size_t at = 0; at < by_kind.size(); at += gates) add(std::span(by_kind).subspan(at, gates), by_bias);
  back_through_embedding(batch, batch.layout.choice_rows, by_choice, result);
  back_through_embedding(batch, batch.layout.kind_rows, by_kind, result);
  back_through_embedding(batch, batch.layout.block_rows, by_block, result);
}

// The gates [T, B, 4H] that the inputs give.
std::vector<float> gates_of(const PolicyNetwork& network, const Episodes& episodes) {
  const size_t width = 4 * network.hidden;
  std::vector<float> gates(episodes.decisions.size() * width);
  for (size_t at = 0; at < episodes.decisions.size(); ++at) {
    input_gates(network, episodes.decisions[at].input, std::span(gates).subspan(at * width, width));
  }
  return gates;
}

}  // namespace

LossGradient loss_gradient(const PolicyLayout& layout, const ControllerOptions& options, std::span<const float> weights,
                           const Episodes& episodes, const Lesson& lesson) {
  const Batch batch{layout, options, weights, episodes, lesson, network_of(layout, options, weights)};
  const PolicyNetwork& network = batch.network;
  const LstmShape shape{episodes.steps, episodes.samples, network.hidden};
  LstmTrace trace{gates_of(network, episodes), {}, {}};
  lstm_forward(shape, network.by_hidden, trace);

  LossGradient result{std::vector<float>(episodes.decisions.size()), std::vector<float>(layout.size, 0.0f)};
  const std::vector<float> by_hidden = back_through_decisions(batch, trace.hidden, result);
  const LstmGradients by_lstm = lstm_backward(shape, network.by_hidden, trace, by_hidden);
  add(transposed(by_lstm.hidden_weights, 4 * network.hidden),
      part_of(std::span(result.by_weight), layout.hidden_weights));
  back_through_inputs(batch, by_lstm.gates, result);
  return result;
}

}  // namespace spinenet::search
