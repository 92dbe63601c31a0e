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

// Of x, mean, inverse_std, weight, bias and what is added, which may be undefined.
kernels::NormRows all_rows(const variable_list& of, int64_t activation) {
  kernels::NormRows rows = all_rows(of[0]);
  rows.mean = of[1].data_ptr<float>();
  rows.inverse_std = of[2].data_ptr<float>();
  rows.weight = of[3].data_ptr<float>();
  rows.bias = of[4].data_ptr<float>();
  if (of[5].defined()) rows.added = of[5].data_ptr<float>();
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
      if (rows.added != nullptr) rows.added += first * all.channels;
      body(part, first * all.channels, rows);
    }
  });
}

// body(first, rows, sums) adds to two sums of each channel. Gives them over all rows: the first of all channels, then
// the second.
template <class Body>
std::vector<double> sums_of(const kernels::NormRows& all, const Body& body) {
  const auto size = static_cast<size_t>(2 * all.channels);
  std::vector<double> parts(static_cast<size_t>(parts_of(all)) * size);
  for_parts(all, [&](int64_t part, int64_t first, const kernels::NormRows& rows) {
    body(first, rows, parts.data() + static_cast<size_t>(part) * size);
  });
  std::vector<double> sums(size);
  for (size_t i = 0; i < parts.size(); ++i) sums[i % size] += parts[i];
  return sums;
}

// A value near each channel's mean, about which sums lose little: the mean of some rows that lie all over the map.
std::vector<float> pivot_of(const kernels::NormRows& all) {
  constexpr int64_t kSome = 16;
  const int64_t some = std::min(kSome, all.rows);
  std::vector<float> pivot;
  for (int64_t c = 0; c < all.channels; ++c) {
    double sum = 0;
    for (int64_t i = 0; i < some; ++i) sum += all.x[i * all.rows / some * all.channels + c];
    pivot.push_back(static_cast<float>(sum / static_cast<double>(std::max<int64_t>(1, some))));
  }
  return pivot;
}

// The sum of each channel, that of the squares and the number of rows, as batch_statistics takes them: [2 * channels +
// 1].
torch::Tensor moments_of(const torch::Tensor& x) {
  const kernels::NormRows all = all_rows(x);
  const std::vector<float> pivot = pivot_of(all);
  const std::vector<double> far = sums_of(
      all, [&](int64_t, const kernels::NormRows& part, double* to) { kernels().add_moments(part, pivot.data(), to); });
  torch::Tensor moments = torch::empty({2 * all.channels + 1}, torch::kFloat64);
  auto* to = moments.data_ptr<double>();
  const auto rows = static_cast<double>(all.rows);
  // About nought, so that processes can add theirs.
  for (int64_t c = 0; c < all.channels; ++c) {
    const double p = pivot[static_cast<size_t>(c)];
    const double sum = far[static_cast<size_t>(c)], squares = far[static_cast<size_t>(all.channels + c)];
    to[c] = sum + rows * p;
    to[all.channels + c] = squares + 2 * p * sum + rows * p * p;
  }
  to[2 * all.channels] = rows;
  return moments;
}

// The last argument of forward is the address of the AllReduce, or 0.
class FusedBatchNorm : public torch::autograd::Function<FusedBatchNorm> {
 public:
  static torch::Tensor forward(AutogradContext* ctx, const torch::Tensor& x, const torch::Tensor& weight,
                               const torch::Tensor& bias, const c10::optional<torch::Tensor>& added,
                               const torch::Tensor& mean, const torch::Tensor& inverse_std, double count,
                               int64_t activation, int64_t all_reduce) {
    const variable_list all{x, mean, inverse_std, weight, bias, added.value_or(torch::Tensor())};
    ctx->save_for_backward(all);
    ctx->saved_data["count"] = count;
    ctx->saved_data["activation"] = activation;
    ctx->saved_data["all_reduce"] = all_reduce;
    torch::Tensor y = torch::empty_like(x);
    auto* to = y.data_ptr<float>();
    for_parts(all_rows(all, activation),
              [&](int64_t, int64_t first, const kernels::NormRows& rows) { kernels().normalise(rows, to + first); });
    return y;
  }

  static variable_list backward(AutogradContext* ctx, const variable_list& gradients) {
    const variable_list saved = ctx->get_saved_variables();
    kernels::NormRows all = all_rows(saved, ctx->saved_data["activation"].toInt());
    const torch::Tensor gy = channels_last(gradients[0]);
    const auto* from = gy.data_ptr<float>();
    torch::Tensor gz;  // of what was added
    if (all.added != nullptr) gz = torch::empty_like(saved[0]);
    float* const sum_gradient = gz.defined() ? gz.data_ptr<float>() : nullptr;
    std::vector<double> sums = sums_of(all, [&](int64_t first, const kernels::NormRows& rows, double* to) {
      kernels().add_gradients(rows, from + first, to, sum_gradient == nullptr ? nullptr : sum_gradient + first);
    });
    torch::Tensor own = torch::empty({2, all.channels}, torch::kFloat32);
    std::ranges::transform(sums, own.data_ptr<float>(), [](double sum) { return static_cast<float>(sum); });
    if (const auto* all_reduce = reinterpret_cast<const AllReduce*>(ctx->saved_data["all_reduce"].toInt())) {
      torch::Tensor shared = torch::from_blob(sums.data(), {2 * all.channels}, torch::kFloat64);
      (*all_reduce)(shared);
    }
    const double count = ctx->saved_data["count"].toDouble();
    std::vector<float> means;
    for (const double sum : sums) means.push_back(static_cast<float>(sum / count));
    if (sum_gradient != nullptr) {
      from = sum_gradient;
      all.activation.reset();
    }
    torch::Tensor gx = torch::empty_like(saved[0]);
    auto* to = gx.data_ptr<float>();
    for_parts(all, [&](int64_t, int64_t first, const kernels::NormRows& rows) {
      kernels().gradient(rows, from + first, means.data(), means.data() + all.channels, to + first);
    });
    return {gx, own[1], own[0], gz, Variable(), Variable(), Variable(), Variable(), Variable()};
  }
};

}  // namespace

bool can_fuse_batch_norm(const torch::Tensor& x) {
  return x.device().is_cpu() && x.scalar_type() == torch::kFloat32 && x.dim() == 4;
}

torch::Tensor fused_batch_norm(const torch::Tensor& x, const BatchNormState& state, const BehindBatchNorm& behind,
                               const AllReduce* all_reduce) {
  const torch::Tensor rows = channels_last(x);
  c10::optional<torch::Tensor> added;  // no undefined tensor, which LibTorch's functions do not take
  if (behind.added.defined()) added = channels_last(behind.added);
  torch::Tensor moments;
  {
    const torch::NoGradGuard no_grad;
    moments = moments_of(rows.detach());
  }
  const BatchStatistics statistics = batch_statistics(moments, state, all_reduce);
  const AffineOfNorm affine = affine_of(state, statistics);
  return FusedBatchNorm::apply(rows, affine.weight, affine.bias, added, statistics.mean, statistics.inverse_std,
                               statistics.count,
                               behind.activation ? static_cast<int64_t>(*behind.activation) : kNoActivation,
                               reinterpret_cast<int64_t>(all_reduce));
}

}  // namespace spinenet::nn
