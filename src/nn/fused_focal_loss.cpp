#include "nn/fused_focal_loss.h"

#include <algorithm>
#include <vector>

#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include "nn/share_work.h"

namespace spinenet::nn {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Variable;
using torch::autograd::variable_list;

// Logits that one thread takes at a time. Each such part has a sum of its own, which are added in order.
constexpr int64_t kLogits = 8192;

// Writes the slope of each logit to `slopes`.
double sum_of_losses(const torch::Tensor& logits, const kernels::FocalLoss& loss, torch::Tensor& slopes) {
  const int64_t count = logits.numel();
  const auto* x = logits.data_ptr<float>();
  auto* to = slopes.data_ptr<float>();
  std::vector<double> parts(static_cast<size_t>((count + kLogits - 1) / kLogits));
  share_work(static_cast<int64_t>(parts.size()), at::get_num_threads(), [&](int64_t part) {
    const int64_t first = part * kLogits;
    parts[static_cast<size_t>(part)] = kernels::all_focal_kernels().front().loss_and_slopes(
        loss, x + first, std::min(kLogits, count - first), to + first);
  });
  double sum = 0;
  for (const double part : parts) sum += part;
  return sum;
}

class FusedFocalLoss : public torch::autograd::Function<FusedFocalLoss> {
 public:
  static torch::Tensor forward(AutogradContext* ctx, const torch::Tensor& logits, double weight, double gamma) {
    torch::Tensor slopes = torch::empty_like(logits);
    const double sum =
        sum_of_losses(logits, {.weight = static_cast<float>(weight), .gamma = static_cast<float>(gamma)}, slopes);
    ctx->save_for_backward({slopes});
    return torch::full({}, sum, logits.options());
  }

  static variable_list backward(AutogradContext* ctx, const variable_list& gradients) {
    const torch::Tensor slopes = ctx->get_saved_variables()[0];
    return {slopes * gradients[0], Variable(), Variable()};
  }
};

}  // namespace

bool can_fuse_focal_loss(const torch::Tensor& logits) {
  return logits.device().is_cpu() && logits.scalar_type() == torch::kFloat32;
}

torch::Tensor fused_focal_loss(const torch::Tensor& logits, const kernels::FocalLoss& loss) {
  return FusedFocalLoss::apply(logits.contiguous(), static_cast<double>(loss.weight), static_cast<double>(loss.gamma));
}

}  // namespace spinenet::nn
