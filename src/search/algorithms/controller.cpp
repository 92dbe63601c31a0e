#include "search/algorithms/controller.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/types.h>

#include "base/error.h"
#include "base/format.h"
#include "search/algorithms/controller_loops.h"

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

// Goes through the decisions of choices of this space and hands each on.
class Follow : public arch::Chooser {
 public:
  using Visit = std::function<void(const arch::Decision& decision, size_t option)>;
  Follow(const arch::Choices& choices, Visit visit) : choices_(choices), visit_(std::move(visit)) {}

  size_t choose(const arch::Decision& decision) override {
    const auto found = std::ranges::find(decision.options, choices_[position_++]);
    const auto option = static_cast<size_t>(found - decision.options.begin());
    visit_(decision, option);
    return option;
  }

 private:
  const arch::Choices& choices_;
  Visit visit_;
  size_t position_ = 0;
};

// Computation on one thread while this lives.
class OneThread {
 public:
  OneThread() : threads_(at::get_num_threads()) { at::set_num_threads(1); }
  ~OneThread() { at::set_num_threads(threads_); }
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;

 private:
  int threads_;
};

// The decisions of B samples, T each, as tensors.
struct Episodes {
  torch::Tensor choice_rows;            // [T, B] rows of the previous choices
  torch::Tensor kind_rows, block_rows;  // [T]: the same for all samples
  torch::Tensor chosen;                 // [T, B] columns
  torch::Tensor open;                   // [T, B, columns] bool: what was offered
};

Episodes episodes_of(const arch::SearchSpace& space, const PolicyLayout& layout, const std::vector<Rewarded>& batch) {
  const auto samples = static_cast<int64_t>(batch.size());
  const auto integers = torch::TensorOptions().dtype(torch::kInt64);
  Episodes e{torch::zeros({layout.steps, samples}, integers), torch::zeros({layout.steps}, integers),
             torch::zeros({layout.steps}, integers), torch::zeros({layout.steps, samples}, integers),
             torch::zeros({layout.steps, samples, layout.columns}, torch::kBool)};
  auto choice_rows = e.choice_rows.accessor<int64_t, 2>(), chosen = e.chosen.accessor<int64_t, 2>();
  auto kind_rows = e.kind_rows.accessor<int64_t, 1>(), block_rows = e.block_rows.accessor<int64_t, 1>();
  auto open = e.open.accessor<bool, 3>();
  for (int64_t b = 0; b < samples; ++b) {
    int64_t step = 0, row = 0;
    Follow follow(batch[static_cast<size_t>(b)].choices, [&](const arch::Decision& decision, size_t option) {
      kind_rows[step] = static_cast<int64_t>(decision.kind);
      block_rows[step] = decision.block;
      choice_rows[step][b] = row;
      for (const int value : decision.options) open[step][b][layout.column(decision, value)] = true;
      chosen[step][b] = layout.column(decision, decision.options[option]);
      row = 1 + chosen[step++][b];
    });
    arch::generate(space, follow);
  }
  return e;
}

struct Evaluated {
  torch::Tensor log_probability;  // [T, B]
  torch::Tensor entropy;          // [T, B]
};

std::vector<float> vector_of(const torch::Tensor& tensor) {
  const torch::Tensor whole = tensor.contiguous();
  return {whole.data_ptr<float>(), whole.data_ptr<float>() + whole.numel()};
}

torch::Tensor tensor_of(std::span<const float> values, at::IntArrayRef shape) {
  return torch::from_blob(const_cast<float*>(values.data()), shape).clone();
}

std::span<const float> span_of(const torch::Tensor& contiguous) {
  return {contiguous.data_ptr<float>(), static_cast<size_t>(contiguous.numel())};
}

// product of controller_loops.h as an operation of the graph: a [n, k] times b [k, m].
class Product : public torch::autograd::Function<Product> {
 public:
  static torch::Tensor forward(torch::autograd::AutogradContext* context, const torch::Tensor& a,
                               const torch::Tensor& b) {
    const torch::Tensor left = a.contiguous(), right = b.contiguous();
    context->save_for_backward({left, right});
    const std::array<int64_t, 2> shape{a.size(0), b.size(1)};
    return tensor_of(product(span_of(left), span_of(right), static_cast<size_t>(a.size(1))), shape);
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list gradients) {
    const torch::autograd::variable_list saved = context->get_saved_variables();
    const torch::Tensor &a = saved[0], by_column = saved[1].t().contiguous(), gradient = gradients[0].contiguous();
    const auto columns = static_cast<size_t>(gradient.size(1)), width = static_cast<size_t>(a.size(1));
    return {tensor_of(product(span_of(gradient), span_of(by_column), columns), a.sizes()),
            tensor_of(product_gradient(span_of(a), span_of(gradient), width), saved[1].sizes())};
  }
};

// The LSTM of controller_loops.h as an operation of the graph.
class Lstm : public torch::autograd::Function<Lstm> {
 public:
  // gates [T, B, 4H] that the inputs give, by_hidden [H, 4H]; hidden values [T, B, H].
  static torch::Tensor forward(torch::autograd::AutogradContext* context, const torch::Tensor& gates,
                               const torch::Tensor& by_hidden) {
    const torch::Tensor weights = by_hidden.contiguous();
    LstmTrace trace{vector_of(gates), {}, {}};
    lstm_forward(shape_of(gates), span_of(weights), trace);
    const std::array<int64_t, 3> shape{gates.size(0), gates.size(1), by_hidden.size(0)};
    const torch::Tensor hidden = tensor_of(trace.hidden, shape);
    context->save_for_backward({weights, tensor_of(trace.gates, gates.sizes()), hidden, tensor_of(trace.cell, shape)});
    return hidden;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list gradients) {
    const torch::autograd::variable_list saved = context->get_saved_variables();
    const LstmTrace trace{vector_of(saved[1]), vector_of(saved[2]), vector_of(saved[3])};
    const LstmGradients found = lstm_backward(shape_of(saved[1]), span_of(saved[0]), trace, vector_of(gradients[0]));
    return {tensor_of(found.gates, saved[1].sizes()), tensor_of(found.hidden_weights, saved[0].sizes())};
  }

 private:
  static LstmShape shape_of(const torch::Tensor& gates) {
    return {static_cast<size_t>(gates.size(0)), static_cast<size_t>(gates.size(1)),
            static_cast<size_t>(gates.size(2)) / 4};
  }
};

using Part = std::function<torch::Tensor(const WeightBlock&)>;

// Logits [T, B, columns] without the step bias. The input weights are applied to the rows of the embeddings, which are
// fewer than the steps of a batch.
torch::Tensor own_logits(const Episodes& e, const PolicyLayout& layout, const Part& part) {
  const torch::Tensor by_input = part(layout.input_weights).t();
  const torch::Tensor choices = Product::apply(part(layout.choice_rows), by_input);
  const torch::Tensor kinds = Product::apply(part(layout.kind_rows), by_input) + part(layout.gate_bias);
  const torch::Tensor blocks = Product::apply(part(layout.block_rows), by_input);
  const torch::Tensor places = kinds.index_select(0, e.kind_rows) + blocks.index_select(0, e.block_rows);
  const torch::Tensor gates =
      choices.index_select(0, e.choice_rows.reshape(-1)).view({layout.steps, -1, 4 * layout.hidden}) +
      places.unsqueeze(1);
  const torch::Tensor hidden = Lstm::apply(gates, part(layout.hidden_weights).t());
  return Product::apply(hidden.view({-1, layout.hidden}), part(layout.head).t())
      .view({layout.steps, -1, layout.columns});
}

// The same as the formulas have it, with LibTorch's LSTM.
torch::Tensor reference_logits(const Episodes& e, const PolicyLayout& layout, const Part& part) {
  const int64_t samples = e.chosen.size(1);
  const torch::Tensor choices =
      part(layout.choice_rows).index_select(0, e.choice_rows.reshape(-1)).view({layout.steps, samples, -1});
  const torch::Tensor places =
      part(layout.kind_rows).index_select(0, e.kind_rows) + part(layout.block_rows).index_select(0, e.block_rows);
  const torch::Tensor bias = part(layout.gate_bias).view(-1), zero = torch::zeros({1, samples, layout.hidden});
  const std::vector<torch::Tensor> cell{part(layout.input_weights), part(layout.hidden_weights), bias,
                                        torch::zeros_like(bias)};
  const torch::Tensor hidden =
      std::get<0>(at::lstm(choices + places.unsqueeze(1), {zero, zero}, cell, true, 1, 0.0, true, false, false));
  return hidden.matmul(part(layout.head).t());
}

Evaluated evaluate(const Episodes& e, const torch::Tensor& weights, const PolicyLayout& layout,
                   const ControllerOptions& options, Loops loops) {
  const Part part = [&weights](const WeightBlock& block) {
    return weights.narrow(0, static_cast<int64_t>(block.offset), static_cast<int64_t>(block.size()))
        .view({block.rows, block.columns});
  };
  torch::Tensor logits = loops == Loops::own ? own_logits(e, layout, part) : reference_logits(e, layout, part);
  logits = (logits + part(layout.step_bias).unsqueeze(1)) / options.temperature;
  if (options.tanh_constant > 0) logits = options.tanh_constant * logits.tanh();
  const torch::Tensor log_softmax = logits.masked_fill(e.open.logical_not(), -1e9).log_softmax(2);
  return {log_softmax.gather(2, e.chosen.unsqueeze(2)).squeeze(2), -(log_softmax.exp() * log_softmax).sum(2)};
}

// What is minimised. Each decision is an action of its own: its probability's ratio to the one before is clipped by
// itself, since the ratio of whole samples of 70 decisions leaves any bound at once.
torch::Tensor loss_of(const Evaluated& now, const torch::Tensor& old_log_probability, const torch::Tensor& advantages,
                      const ControllerOptions& options) {
  torch::Tensor gain;  // [T, B]
  if (options.objective == PolicyObjective::clipped) {
    const torch::Tensor ratio = (now.log_probability - old_log_probability).exp();
    gain = torch::minimum(ratio * advantages, ratio.clamp(1 - options.clip, 1 + options.clip) * advantages);
  } else {
    gain = now.log_probability * advantages;
  }
  return -(gain + options.entropy_weight * now.entropy).sum(0).mean();
}

void adam_step(ControllerState& state, std::span<const float> gradient, double learning_rate) {
  ++state.updates;
  const auto updates = static_cast<double>(state.updates);
  const auto rate = static_cast<float>(learning_rate / (1 - std::pow(kAdamMeanDecay, updates)));
  const auto correction = static_cast<float>(1 / (1 - std::pow(kAdamVarianceDecay, updates)));
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

torch::Tensor advantages_of(const ControllerState& state) {
  torch::Tensor advantages = torch::zeros({static_cast<int64_t>(state.pending.size())});
  const double deviation = std::sqrt(state.variance);
  if (!(deviation > 0)) return advantages;
  auto values = advantages.accessor<float, 1>();
  for (size_t i = 0; i < state.pending.size(); ++i) {
    values[static_cast<int64_t>(i)] = static_cast<float>((state.pending[i].reward - state.baseline) / deviation);
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
  const OneThread one_thread;
  const Episodes episodes = episodes_of(space_, layout_, state_.pending);
  follow_rewards(state_, options_.baseline_decay);
  const torch::Tensor advantages = advantages_of(state_);
  torch::Tensor old_log_probability;
  for (int epoch = 0; epoch < options_.epochs; ++epoch) {
    torch::Tensor weights = tensor_of(state_.weights, {static_cast<int64_t>(layout_.size)}).requires_grad_(true);
    const Evaluated now = evaluate(episodes, weights, layout_, options_, Loops::own);
    if (epoch == 0) old_log_probability = now.log_probability.detach();
    loss_of(now, old_log_probability, advantages, options_).backward();
    const std::vector<float> gradient = vector_of(weights.grad());
    if (!std::ranges::all_of(gradient, [](float x) { return std::isfinite(x); })) return;
    adam_step(state_, gradient, options_.learning_rate);
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
  Follow follow(choices, [&](const arch::Decision& decision, size_t option) {
    logarithms.push_back(std::log(policy_.probabilities(decision)[option]));
    policy_.take(decision, option);
  });
  arch::generate(space_, follow);
  return logarithms;
}

SampleGradient Controller::sample_gradient(const arch::Choices& choices, Loops loops) const {
  const OneThread one_thread;
  torch::Tensor weights = tensor_of(state_.weights, {static_cast<int64_t>(layout_.size)}).requires_grad_(true);
  const Episodes episodes = episodes_of(space_, layout_, {{choices, 0}});
  const torch::Tensor logarithms = evaluate(episodes, weights, layout_, options_, loops).log_probability;
  logarithms.sum().backward();
  return {vector_of(logarithms.detach()), vector_of(weights.grad())};
}

}  // namespace spinenet::search
