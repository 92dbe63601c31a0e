#include "nn/sync_batch_norm.h"

#include <algorithm>
#include <cmath>

#include <torch/csrc/autograd/custom_function.h>

namespace spinenet::nn {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Variable;
using torch::autograd::variable_list;

torch::Tensor by_channel(const torch::Tensor& v) {
  return v.view({1, -1, 1, 1});
}

// The last argument of forward is the address of the AllReduce, which outlives the step that it is called for, or 0.
class SyncBatchNorm : public torch::autograd::Function<SyncBatchNorm> {
 public:
  static torch::Tensor forward(AutogradContext* ctx, const torch::Tensor& x, const torch::Tensor& weight,
                               const torch::Tensor& bias, const torch::Tensor& mean, const torch::Tensor& inverse,
                               double count, int64_t sync) {
    const torch::Tensor normalised = (x - by_channel(mean)) * by_channel(inverse);
    ctx->save_for_backward({normalised, weight, inverse});
    ctx->saved_data["count"] = count;
    ctx->saved_data["sync"] = sync;
    return normalised * by_channel(weight) + by_channel(bias);
  }

  static variable_list backward(AutogradContext* ctx, variable_list gradients) {
    const auto saved = ctx->get_saved_variables();
    const torch::Tensor& normalised = saved[0];
    const double count = ctx->saved_data["count"].toDouble();
    const torch::Tensor g = gradients[0].to(torch::kFloat32);
    const torch::Tensor sum_g = g.sum({0, 2, 3});
    const torch::Tensor sum_gx = (g * normalised).sum({0, 2, 3});
    torch::Tensor sums = torch::stack({sum_g, sum_gx});
    if (const auto* all_reduce = reinterpret_cast<const AllReduce*>(ctx->saved_data["sync"].toInt())) {
      (*all_reduce)(sums);
    }
    const torch::Tensor gx =
        by_channel(saved[1] * saved[2]) * (g - by_channel(sums[0] / count) - normalised * by_channel(sums[1] / count));
    return {gx.to(gradients[0].scalar_type()), sum_gx, sum_g, Variable(), Variable(), Variable(), Variable()};
  }
};

// r and d of batch renormalisation.
struct RenormFactors {
  torch::Tensor scale{}, shift{};
};

// By the running statistics as they are; undefined where the batch is not renormalised.
RenormFactors renorm_factors(const torch::Tensor& sums, int64_t channels, const BatchNormState& state) {
  const BatchRenorm& renorm = state.renorm;
  if (renorm.below <= 0) return {};
  const double count = sums[2 * channels].item<double>();
  if (count == 0 || count >= renorm.below) return {};
  const torch::Tensor mean = sums.narrow(0, 0, channels) / count;
  const torch::Tensor variance = (sums.narrow(0, channels, channels) / count - mean * mean).clamp_min(0);
  const torch::Tensor running_std = (state.running_var.to(torch::kFloat64) + state.epsilon).sqrt();
  const torch::Tensor scale = (variance + state.epsilon).sqrt() / running_std;
  const torch::Tensor shift = (mean - state.running_mean.to(torch::kFloat64)) / running_std;
  return {scale.clamp(1 / renorm.max_scale, renorm.max_scale).to(torch::kFloat32),
          shift.clamp(-renorm.max_shift, renorm.max_shift).to(torch::kFloat32)};
}

bool are_floats_on_the_processor(const BatchNormState& state) {
  return state.running_mean.device().is_cpu() && state.running_mean.scalar_type() == torch::kFloat32 &&
         state.running_mean.is_contiguous() && state.running_var.is_contiguous();
}

// In one loop, because a network has hundreds of batch norms whose channels are few.
BatchStatistics in_one_loop(const double* sums, int64_t channels, const BatchNormState& state) {
  const double count = sums[2 * channels];
  torch::Tensor both = torch::empty({2, channels}, torch::kFloat32);
  auto* mean = both.data_ptr<float>();
  auto* inverse_std = mean + channels;
  auto* running_mean = state.running_mean.data_ptr<float>();
  auto* running_var = state.running_var.data_ptr<float>();
  const auto kept = static_cast<float>(state.momentum), taken = static_cast<float>(1 - state.momentum);
  for (int64_t c = 0; c < channels; ++c) {
    const double wide_mean = sums[c] / count;
    const double spread = sums[channels + c] / count - wide_mean * wide_mean;
    const double variance = spread < 0 ? 0 : spread;  // what is no number stays none
    mean[c] = static_cast<float>(wide_mean);
    inverse_std[c] = static_cast<float>(1 / std::sqrt(variance + state.epsilon));
    if (!(count > 0)) continue;  // empty maps say nothing of the statistics
    const auto unbiased = static_cast<float>(variance * (count / std::max(count - 1, 1.0)));
    running_mean[c] = running_mean[c] * kept + mean[c] * taken;
    running_var[c] = running_var[c] * kept + unbiased * taken;
  }
  return {both[0], both[1], count};
}

BatchStatistics in_operations(const torch::Tensor& sums, int64_t channels, const BatchNormState& state) {
  const double count = sums[2 * channels].item<double>();
  const torch::Tensor wide_mean = sums.narrow(0, 0, channels) / count;
  const torch::Tensor variance = (sums.narrow(0, channels, channels) / count - wide_mean * wide_mean).clamp_min(0);
  const torch::Tensor mean = wide_mean.to(torch::kFloat32);
  if (count > 0) {
    const torch::Tensor unbiased = (variance * (count / std::max(count - 1, 1.0))).to(torch::kFloat32);
    torch::Tensor running_mean = state.running_mean;
    torch::Tensor running_var = state.running_var;
    running_mean.mul_(state.momentum).add_(mean, 1 - state.momentum);
    running_var.mul_(state.momentum).add_(unbiased, 1 - state.momentum);
  }
  return {mean, (variance + state.epsilon).rsqrt().to(torch::kFloat32), count};
}

}  // namespace

BatchStatistics batch_statistics(torch::Tensor sums, const BatchNormState& state, const AllReduce* all_reduce) {
  const torch::NoGradGuard no_grad;
  if (all_reduce != nullptr) (*all_reduce)(sums);
  const int64_t channels = sums.size(0) / 2;
  const RenormFactors factors = renorm_factors(sums, channels, state);  // before the running statistics move
  BatchStatistics found;
  if (are_floats_on_the_processor(state)) {
    const torch::Tensor dense = sums.contiguous();
    found = in_one_loop(dense.data_ptr<double>(), channels, state);
  } else {
    found = in_operations(sums, channels, state);
  }
  found.scale = factors.scale;
  found.shift = factors.shift;
  return found;
}

AffineOfNorm affine_of(const BatchNormState& state, const BatchStatistics& statistics) {
  if (!statistics.scale.defined()) return {state.weight, state.bias};
  return {state.weight * statistics.scale, state.bias + state.weight * statistics.shift};
}

torch::Tensor sync_batch_norm(const torch::Tensor& x, const BatchNormState& state, const AllReduce* all_reduce) {
  torch::Tensor sums;
  {
    const torch::NoGradGuard no_grad;
    const torch::Tensor wide = x.to(torch::kFloat64);
    const auto local = static_cast<double>(x.numel() / x.size(1));
    sums = torch::cat({wide.sum({0, 2, 3}), (wide * wide).sum({0, 2, 3}), torch::full({1}, local, wide.options())});
  }
  const BatchStatistics statistics = batch_statistics(sums, state, all_reduce);
  const AffineOfNorm affine = affine_of(state, statistics);
  return SyncBatchNorm::apply(x, affine.weight, affine.bias, statistics.mean, statistics.inverse_std, statistics.count,
                              reinterpret_cast<int64_t>(all_reduce));
}

}  // namespace spinenet::nn
