#include "nn/fused_batch_norm.h"

#include <algorithm>
#include <vector>

#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include "kernels/norm_kernels.h"
#include "nn/share_work.h"

namespace spinenet::nn {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Variable;
using torch::autograd::variable_list;

// Rows that one thread takes at a time. Each such part has sums of its own, which are added in order: the result does
// not depend on who took which.
constexpr int64_t kPart = 256;

constexpr int64_t kNoActivation = -1;

const kernels::NormKernels& kernels() {
  return kernels::all_norm_kernels().front();
}

torch::Tensor channels_last(const torch::Tensor& x) {
  return x.contiguous(torch::MemoryFormat::ChannelsLast);
}

kernels::NormRows all_rows(const torch::Tensor& x) {
  const int64_t channels = x.size(1);
  return {.x = x.data_ptr<float>(), .rows = channels == 0 ? 0 : x.numel() / channels, .channels = channels};
}

kernels::NormRows all_rows(const torch::Tensor& x, const variable_list& statistics, int64_t activation) {
  kernels::NormRows rows = all_rows(x);
  rows.mean = statistics[0].data_ptr<float>();
  rows.inverse_std = statistics[1].data_ptr<float>();
  rows.weight = statistics[2].data_ptr<float>();
  rows.bias = statistics[3].data_ptr<float>();
  if (activation != kNoActivation) rows.activation = static_cast<arch::Activation>(activation);
  return rows;
}

int64_t parts_of(const kernels::NormRows& all) {
  return (all.rows + kPart - 1) / kPart;
}

// body(part, first, rows): the values of `rows` begin at `first`.
template <class Body>
void for_parts(const kernels::NormRows& all, const Body& body) {
  const int64_t grain = std::max<int64_t>(1, at::internal::GRAIN_SIZE / (kPart * std::max<int64_t>(1, all.channels)));
  const int64_t parts = parts_of(all);
  const int threads = at::get_num_threads();
  const int64_t stretch = std::max(grain, (parts + threads - 1) / threads);  // parts that one thread takes at once
  share_work((parts + stretch - 1) / stretch, threads, [&](int64_t taken) {
    for (int64_t part = taken * stretch; part < std::min(parts, (taken + 1) * stretch); ++part) {
      kernels::NormRows rows = all;
      const int64_t first = part * kPart;
      rows.rows = std::min(kPart, all.rows - first);
      rows.x += first * all.channels;
      body(part, first * all.channels, rows);
    }
  });
}

// body(first, rows, sums) adds to two sums of each channel. Gives them over all rows: [2, channels] in double
// precision.
template <class Body>
torch::Tensor sums_of(const kernels::NormRows& all, const Body& body) {
  const int64_t size = 2 * all.channels;
  std::vector<double> parts(static_cast<size_t>(parts_of(all) * size));
  for_parts(all, [&](int64_t part, int64_t first, const kernels::NormRows& rows) {
    body(first, rows, parts.data() + part * size);
  });
  torch::Tensor sums = torch::zeros({2, all.channels}, torch::kFloat64);
  auto* to = sums.data_ptr<double>();
  for (int64_t part = 0; part < parts_of(all); ++part) {
    const double* from = parts.data() + part * size;
    for (int64_t i = 0; i < size; ++i) to[i] += from[i];
  }
  return sums;
}

// A value near each channel's mean, about which sums lose little: the mean of some rows that lie all over the map.
torch::Tensor pivot_of(const kernels::NormRows& all) {
  constexpr int64_t kSome = 16;
  const int64_t some = std::min(kSome, all.rows);
  torch::Tensor sum = torch::zeros({all.channels}, torch::kFloat64);
  auto* to = sum.data_ptr<double>();
  for (int64_t i = 0; i < some; ++i) {
    const float* row = all.x + i * all.rows / some * all.channels;
    for (int64_t c = 0; c < all.channels; ++c) to[c] += row[c];
  }
  return (sum / static_cast<double>(std::max<int64_t>(1, some))).to(torch::kFloat32);
}

// The last argument of forward is the address of the AllReduce, or 0.
class FusedBatchNorm : public torch::autograd::Function<FusedBatchNorm> {
 public:
  static torch::Tensor forward(AutogradContext* ctx, const torch::Tensor& x, const torch::Tensor& weight,
                               const torch::Tensor& bias, const torch::Tensor& mean, const torch::Tensor& inverse_std,
                               double count, int64_t activation, int64_t all_reduce) {
    ctx->save_for_backward({x, mean, inverse_std, weight, bias});
    ctx->saved_data["count"] = count;
    ctx->saved_data["activation"] = activation;
    ctx->saved_data["all_reduce"] = all_reduce;
    torch::Tensor y = torch::empty_like(x);
    auto* to = y.data_ptr<float>();
    for_parts(all_rows(x, {mean, inverse_std, weight, bias}, activation),
              [&](int64_t, int64_t first, const kernels::NormRows& rows) { kernels().normalise(rows, to + first); });
    return y;
  }

  static variable_list backward(AutogradContext* ctx, const variable_list& gradients) {
    const auto saved = ctx->get_saved_variables();
    const torch::Tensor& x = saved[0];
    const kernels::NormRows all = all_rows(x, {saved.begin() + 1, saved.end()}, ctx->saved_data["activation"].toInt());
    const torch::Tensor gy = channels_last(gradients[0]);
    const auto* from = gy.data_ptr<float>();
    torch::Tensor sums = sums_of(all, [&](int64_t first, const kernels::NormRows& rows, double* to) {
      kernels().add_gradients(rows, from + first, to);
    });
    const torch::Tensor own = sums.to(torch::kFloat32);
    if (const auto* all_reduce = reinterpret_cast<const AllReduce*>(ctx->saved_data["all_reduce"].toInt())) {
      (*all_reduce)(sums);
    }
    const torch::Tensor means = (sums / ctx->saved_data["count"].toDouble()).to(torch::kFloat32);
    const auto* mean = means.data_ptr<float>();
    torch::Tensor gx = torch::empty_like(x);
    auto* to = gx.data_ptr<float>();
    for_parts(all, [&](int64_t, int64_t first, const kernels::NormRows& rows) {
      kernels().gradient(rows, from + first, mean, mean + all.channels, to + first);
    });
    return {gx, own[1], own[0], Variable(), Variable(), Variable(), Variable(), Variable()};
  }
};

}  // namespace

bool can_fuse_batch_norm(const torch::Tensor& x) {
  return x.device().is_cpu() && x.scalar_type() == torch::kFloat32 && x.dim() == 4;
}

torch::Tensor fused_batch_norm(const torch::Tensor& x, const BatchNormState& state,
                               std::optional<arch::Activation> activation, const AllReduce* all_reduce) {
  const torch::Tensor rows = channels_last(x);
  torch::Tensor sums;
  {
    const torch::NoGradGuard no_grad;
    const kernels::NormRows all = all_rows(rows);
    const torch::Tensor about = pivot_of(all);
    const auto* pivot = about.data_ptr<float>();
    const torch::Tensor far = sums_of(
        all, [&](int64_t, const kernels::NormRows& part, double* to) { kernels().add_moments(part, pivot, to); });
    // About nought, so that processes can add theirs.
    const auto local = static_cast<double>(all.rows);
    const torch::Tensor p = about.to(torch::kFloat64);
    sums = torch::cat(
        {far[0] + local * p, far[1] + 2 * p * far[0] + local * p * p, torch::full({1}, local, torch::kFloat64)});
  }
  const auto [mean, inverse_std, count] = batch_statistics(sums, state, all_reduce);
  return FusedBatchNorm::apply(rows, state.weight, state.bias, mean, inverse_std, count,
                               activation ? static_cast<int64_t>(*activation) : kNoActivation,
                               reinterpret_cast<int64_t>(all_reduce));
}

}  // namespace spinenet::nn
