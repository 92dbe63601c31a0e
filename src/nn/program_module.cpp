#include "nn/program_module.h"

#include <limits>
#include <optional>
#include <set>

#include "base/random.h"
#include "nn/fused_batch_norm.h"
#include "nn/image_convolution.h"

namespace spinenet::nn {
namespace {

std::optional<arch::Activation> activation_of(const graph::OpKind& kind) {
  using namespace graph;
  using Found = std::optional<arch::Activation>;
  return std::visit(
      Overloaded{
          [](const Activate& activate) { return Found(activate.kind); },
          [](const OneOf<Conv, Deconv, BatchNorm, MaxPool, AveragePool, GlobalPool, Upsample, BilinearUpsample, Add,
                         Mean, Concat, Slice, Scale, Sigmoid, DropPath> auto&) { return Found(); },
      },
      kind);
}

constexpr double kMostOfRelu6 = 6;

class TorchInterpreter {
 public:
  TorchInterpreter(const graph::Program& program, const Parameters& parameters, const ForwardMode& mode)
      : program_(program), parameters_(parameters), mode_(mode), values_(program.values.size()) {
    count_uses();
  }

  std::vector<torch::Tensor> run(const torch::Tensor& x) {
    values_[0] = mode_.precision == TrainingPrecision::bf16 ? x.to(torch::kBFloat16) : x;
    // Every op hands its input's layout on; on CPUs convolutions and batch norm are faster with channels last, and on
    // GPUs the units that multiply bfloat16 matrices take no other layout (cuDNN else turns each tensor around).
    const bool last = x.device().is_cpu() || mode_.precision == TrainingPrecision::bf16;
    if (last) values_[0] = values_[0].contiguous(torch::MemoryFormat::ChannelsLast);
    while (next_ < program_.ops.size()) {
      const graph::Op& op = program_.ops[next_++];
      if (mode_.observer != nullptr) show_inputs(op);
      torch::Tensor y = std::visit([&](const auto& kind) { return apply(kind, op); }, op.kind);
      release_inputs(op);
      // The operation itself, or the activation behind a batch norm that was computed with it.
      const graph::Op& done = program_.ops[next_ - 1];
      if (mode_.observer != nullptr) mode_.observer->output(done, y);
      values_[static_cast<size_t>(done.output)] = std::move(y);
    }
    std::vector<torch::Tensor> outputs;
    for (const graph::Output& output : program_.outputs) {
      const torch::Tensor& y = values_[static_cast<size_t>(output.value)];
      outputs.push_back(mode_.precision == TrainingPrecision::bf16 ? y.to(torch::kFloat32) : y);
    }
    return outputs;
  }

 private:
  // How many readers each value still has, so that memory is given back early and work in place is safe.
  void count_uses() {
    uses_.assign(program_.values.size(), 0);
    for (const graph::Op& op : program_.ops) {
      for (const graph::ValueId input : op.inputs) ++uses_[static_cast<size_t>(input)];
    }
    for (const graph::Output& output : program_.outputs) ++uses_[static_cast<size_t>(output.value)];
  }

  void release_inputs(const graph::Op& op) {
    for (const graph::ValueId input : op.inputs) {
      if (--uses_[static_cast<size_t>(input)] == 0) values_[static_cast<size_t>(input)].reset();
    }
  }

  void show_inputs(const graph::Op& op) {
    shown_.clear();
    for (size_t i = 0; i < op.inputs.size(); ++i) {
      shown_.push_back(values_[static_cast<size_t>(op.inputs[i])].alias());
      mode_.observer->input(op, i, shown_.back());
    }
  }

  const torch::Tensor& value(const graph::Op& op, size_t i = 0) const {
    return mode_.observer != nullptr ? shown_[i] : values_[static_cast<size_t>(op.inputs[i])];
  }
  const torch::Tensor& parameter(const graph::Op& op, size_t i) const {
    return parameters_.views[static_cast<size_t>(op.parameters[i])];
  }
  // The only reader of its input may overwrite it where no gradient needs the old value.
  bool may_overwrite(const graph::Op& op) const {
    if (mode_.observer != nullptr) return false;
    const auto id = static_cast<size_t>(op.inputs[0]);
    return uses_[id] == 1 && !kept_.contains(op.inputs[0]);
  }
  void keep_inputs(const graph::Op& op) { kept_.insert(op.inputs.begin(), op.inputs.end()); }
  torch::Tensor cast(const torch::Tensor& t) const {
    return mode_.precision == TrainingPrecision::bf16 ? t.to(torch::kBFloat16) : t;
  }

  torch::Tensor bias(const graph::Op& op) const {
    return op.parameters.size() > 1 ? cast(parameter(op, 1)) : torch::Tensor();
  }

  torch::Tensor apply(const graph::Conv& conv, const graph::Op& op) {
    torch::Tensor x = value(op);
    keep_inputs(op);
    int64_t pad = conv.pad_before;
    if (conv.pad_before != conv.pad_after) {
      x = at::constant_pad_nd(x, {conv.pad_before, conv.pad_after, conv.pad_before, conv.pad_after});
      pad = 0;
    }
    return image_convolution(x, cast(parameter(op, 0)), bias(op), {conv.stride, pad, conv.dilation, conv.groups});
  }

  torch::Tensor apply(const graph::Deconv& deconv, const graph::Op& op) {
    keep_inputs(op);
    return at::conv_transpose2d(value(op), cast(parameter(op, 0)), bias(op), deconv.stride);
  }

  // Takes the next operation off the list where it is an activation and all that reads this one's output.
  std::optional<arch::Activation> take_activation(const graph::Op& op) {
    if (next_ == program_.ops.size() || uses_[static_cast<size_t>(op.output)] != 1) return std::nullopt;
    const graph::Op& next = program_.ops[next_];
    const std::optional<arch::Activation> activation = activation_of(next.kind);
    if (!activation || next.inputs[0] != op.output) return std::nullopt;
    ++next_;
    return activation;
  }

  // Where `op` is one of the terms of the next operation, a sum, and all that reads it is that: takes the sum off the
  // list and gives the sum of its other terms. Else undefined.
  torch::Tensor take_sum(const graph::Op& op) {
    if (mode_.observer != nullptr) return {};
    if (next_ == program_.ops.size() || uses_[static_cast<size_t>(op.output)] != 1) return {};
    const graph::Op& next = program_.ops[next_];
    if (!std::holds_alternative<graph::Add>(next.kind) || next.inputs.size() < 2) return {};
    std::vector<graph::ValueId> others = next.inputs;
    if (std::erase(others, op.output) != 1) return {};
    torch::Tensor sum = values_[static_cast<size_t>(others[0])];
    for (size_t i = 1; i < others.size(); ++i) sum = sum + values_[static_cast<size_t>(others[i])];
    if (others.size() == 1) kept_.insert(others[0]);
    release_inputs(next);
    ++next_;
    return sum;
  }

  // What is computed together with a batch norm, taken off the list.
  BehindBatchNorm take_behind(const graph::Op& norm) {
    BehindBatchNorm behind;
    behind.added = take_sum(norm);
    behind.activation = take_activation(program_.ops[next_ - 1]);
    return behind;
  }

  torch::Tensor apply(const graph::BatchNorm& norm, const graph::Op& op) {
    keep_inputs(op);
    const double momentum = std::min(norm.momentum, mode_.largest_momentum);
    const BatchNormState state{parameter(op, 0), parameter(op, 1), parameter(op, 2), parameter(op, 3),
                               momentum,         norm.epsilon,     mode_.renorm};
    const bool learns = (mode_.training || mode_.batch_statistics) && !keeps_statistics(op);
    if (learns && can_fuse_batch_norm(value(op))) {
      return fused_batch_norm(value(op), state, take_behind(op), mode_.all_reduce);
    }
    const auto values = static_cast<double>(value(op).numel() / std::max<int64_t>(1, value(op).size(1)));
    if (learns && (mode_.all_reduce != nullptr || values < mode_.renorm.below)) {
      return cast(sync_batch_norm(value(op), state, mode_.all_reduce));
    }
    // Kept ones are needed unchanged by the gradient, and lie in one buffer with those that others change.
    const bool copies = mode_.training && !learns;
    const auto running = [&](size_t i) { return copies ? parameter(op, i).clone() : parameter(op, i); };
    return at::batch_norm(value(op), parameter(op, 0), parameter(op, 1), running(2), running(3), learns, 1 - momentum,
                          norm.epsilon, true);
  }

  bool keeps_statistics(const graph::Op& norm) const {
    if (mode_.kept_statistics == nullptr) return false;
    const auto running_mean = static_cast<size_t>(norm.parameters[2]);
    return mode_.kept_statistics->contains(program_.parameters[running_mean].name);
  }

  torch::Tensor apply(const graph::Activate& activate, const graph::Op& op) {
    torch::Tensor x = value(op);
    const bool in_place = may_overwrite(op);
    switch (activate.kind) {
      case arch::Activation::relu:
        kept_.insert(op.output);
        return in_place ? at::relu_(x) : at::relu(x);
      case arch::Activation::swish:
        keep_inputs(op);
        return at::silu(x);
      case arch::Activation::hard_swish:
        keep_inputs(op);
        return at::hardswish(x);
      case arch::Activation::mish:
        keep_inputs(op);
        return at::mish(x);
      case arch::Activation::leaky_relu:
        keep_one_side(op, in_place);
        return in_place ? at::leaky_relu_(x, arch::kLeakySlope) : at::leaky_relu(x, arch::kLeakySlope);
      case arch::Activation::relu6:
        keep_one_side(op, in_place);
        return in_place ? at::hardtanh_(x, 0, kMostOfRelu6) : at::hardtanh(x, 0, kMostOfRelu6);
      case arch::Activation::leaky_relu_001:
        keep_one_side(op, in_place);
        return in_place ? at::leaky_relu_(x, arch::kSmallLeakySlope) : at::leaky_relu(x, arch::kSmallLeakySlope);
    }
    return x;
  }

  // The gradient needs what was read, or what was written in its place.
  void keep_one_side(const graph::Op& op, bool in_place) { kept_.insert(in_place ? op.output : op.inputs[0]); }

  torch::Tensor apply(const graph::MaxPool& pool, const graph::Op& op) {
    torch::Tensor x = value(op);
    keep_inputs(op);
    if (pool.pad_before == 0) {
      // ceil_mode lets the last window reach over the edge: padding after, none before.
      return at::max_pool2d(x, pool.kernel, pool.stride, 0, 1, pool.pad_after > 0);
    }
    if (pool.pad_before == pool.pad_after && 2 * pool.pad_before <= pool.kernel) {
      return at::max_pool2d(x, pool.kernel, pool.stride, pool.pad_before);
    }
    const std::vector<int64_t> pads{pool.pad_before, pool.pad_after, pool.pad_before, pool.pad_after};
    x = at::constant_pad_nd(x, pads, -std::numeric_limits<double>::infinity());
    return at::max_pool2d(x, pool.kernel, pool.stride);
  }

  torch::Tensor apply(const graph::AveragePool& pool, const graph::Op& op) {
    keep_inputs(op);
    return at::avg_pool2d(value(op), pool.kernel, pool.stride);
  }

  torch::Tensor apply(const graph::GlobalPool& pool, const graph::Op& op) {
    if (pool.kind == graph::PoolKind::average) return value(op).mean({2, 3}, true);
    keep_inputs(op);
    kept_.insert(op.output);
    return value(op).amax({2, 3}, true);
  }

  torch::Tensor apply(const graph::Upsample& up, const graph::Op& op) {
    const torch::Tensor& x = value(op);
    return cut(at::upsample_nearest2d(x, {x.size(2) * up.factor, x.size(3) * up.factor}), up);
  }

  torch::Tensor apply(const graph::BilinearUpsample& up, const graph::Op& op) {
    const torch::Tensor& x = value(op);
    return cut(at::upsample_bilinear2d(x, {x.size(2) * up.factor, x.size(3) * up.factor}, false), up);
  }

  // Without the rows and columns that an upsampling drops.
  static torch::Tensor cut(torch::Tensor y, const auto& up) {
    if (up.drop_rows > 0) y = y.narrow(2, 0, y.size(2) - up.drop_rows);
    if (up.drop_columns > 0) y = y.narrow(3, 0, y.size(3) - up.drop_columns);
    return y;
  }

  torch::Tensor apply(const graph::Add&, const graph::Op& op) {
    torch::Tensor sum = value(op);
    size_t next = 1;
    if (!may_overwrite(op)) sum = sum + value(op, next++);
    for (; next < op.inputs.size(); ++next) sum.add_(value(op, next));
    return sum;
  }

  torch::Tensor apply(const graph::Mean&, const graph::Op& op) {
    return apply(graph::Add{}, op).div_(static_cast<double>(op.inputs.size()));
  }

  torch::Tensor apply(const graph::Concat&, const graph::Op& op) {
    std::vector<torch::Tensor> parts;
    for (size_t i = 0; i < op.inputs.size(); ++i) parts.push_back(value(op, i));
    return at::cat(parts, 1);
  }

  // A copy, not a view: readers may overwrite it.
  torch::Tensor apply(const graph::Slice& slice, const graph::Op& op) {
    const torch::Tensor& x = value(op);
    return x.narrow(1, slice.first, slice.count).clone(x.suggest_memory_format());
  }

  torch::Tensor apply(const graph::Scale&, const graph::Op& op) {
    keep_inputs(op);
    return value(op) * value(op, 1);
  }

  torch::Tensor apply(const graph::Sigmoid& sigmoid, const graph::Op& op) {
    keep_inputs(op);
    kept_.insert(op.output);
    return sigmoid.hard ? at::hardsigmoid(value(op)) : at::sigmoid(value(op));
  }

  torch::Tensor apply(const graph::DropPath& drop, const graph::Op& op) {
    const torch::Tensor& x = value(op);
    if (!mode_.training) return x;
    const Random random = Random(mode_.drop_path_seed).fork(Random::hash(op.name));
    std::vector<float> factors;
    for (int64_t n = 0; n < x.size(0); ++n) {
      Random draw = random.fork(static_cast<uint64_t>(mode_.first_sample + n));
      factors.push_back(draw.chance(drop.rate) ? 0.0F : static_cast<float>(1 / (1 - drop.rate)));
    }
    return x * torch::tensor(factors).to(x.device(), x.scalar_type()).view({-1, 1, 1, 1});
  }

  const graph::Program& program_;
  const Parameters& parameters_;
  const ForwardMode& mode_;
  std::vector<torch::Tensor> values_;
  size_t next_ = 0;  // operation
  std::vector<int> uses_;
  std::vector<torch::Tensor> shown_;  // the inputs of the operation at work, where there is an observer
  std::set<graph::ValueId> kept_;     // values whose producer's or reader's gradient needs them unchanged
};

}  // namespace

std::vector<torch::Tensor> forward(const graph::Program& program, const Parameters& parameters, const torch::Tensor& x,
                                   const ForwardMode& mode) {
  TorchInterpreter interpreter(program, parameters, mode);
  if (mode.training) return interpreter.run(x);
  const torch::NoGradGuard no_grad;
  return interpreter.run(x);
}

}  // namespace spinenet::nn
