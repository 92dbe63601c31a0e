#include "nn/image_convolution.h"

#include <array>
#include <tuple>
#include <vector>

#include <ATen/Parallel.h>
#include <omp.h>
#include <torch/csrc/autograd/custom_function.h>

#include "nn/packed_convolution.h"
#include "nn/share_work.h"

namespace spinenet::nn {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Variable;
using torch::autograd::variable_list;

// What is computed within it uses this thread alone, and no gradients are recorded.
class Alone {
 public:
  Alone() : threads_(::omp_get_max_threads()) { ::omp_set_num_threads(1); }
  Alone(const Alone&) = delete;
  Alone& operator=(const Alone&) = delete;
  ~Alone() { ::omp_set_num_threads(threads_); }

 private:
  int threads_;
  at::AutoDispatchBelowADInplaceOrView no_gradients_;
};

struct Parts {
  int64_t images = 0, count = 1;

  int64_t begin(int64_t part) const { return part * images / count; }
  torch::Tensor of(const torch::Tensor& t, int64_t part) const { return t.slice(0, begin(part), begin(part + 1)); }
};

// work(part) computes on one thread.
template <class Work>
void for_each_part(const Parts& parts, const Work& work) {
  share_work(parts.count, static_cast<int>(parts.count), [&](int64_t part) {
    const Alone alone;
    work(part);
  });
}

ConvolutionOptions options_of(AutogradContext* context) {
  const std::vector<int64_t> saved = context->saved_data["options"].toIntVector();
  return {saved[0], saved[1], saved[2], saved[3]};
}

int64_t side(int64_t length, int64_t kernel, const ConvolutionOptions& o) {
  return (length + 2 * o.padding - o.dilation * (kernel - 1) - 1) / o.stride + 1;
}

// `bias` without elements stands for none: an argument must be a tensor.
struct ImageConvolution : torch::autograd::Function<ImageConvolution> {
  static torch::Tensor forward(AutogradContext* context, const torch::Tensor& x, const torch::Tensor& weight,
                               const torch::Tensor& bias, const std::vector<int64_t>& saved, int64_t parts_wanted) {
    context->save_for_backward({x, weight});
    context->saved_data["options"] = saved;
    context->saved_data["parts"] = parts_wanted;
    context->saved_data["has_bias"] = bias.numel() > 0;
    const ConvolutionOptions o = options_of(context);
    torch::Tensor y =
        at::empty({x.size(0), weight.size(0), side(x.size(2), weight.size(2), o), side(x.size(3), weight.size(3), o)},
                  x.options(), at::MemoryFormat::ChannelsLast);
    const Parts parts{x.size(0), parts_wanted};
    const torch::Tensor added = bias.numel() > 0 ? bias : torch::Tensor();
    for_each_part(parts, [&](int64_t part) {
      parts.of(y, part).copy_(at::conv2d(parts.of(x, part), weight, added, o.stride, o.padding, o.dilation, o.groups));
    });
    return y;
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const variable_list saved = context->get_saved_variables();
    const torch::Tensor &x = saved[0], &weight = saved[1];
    const ConvolutionOptions o = options_of(context);
    const bool has_bias = context->saved_data["has_bias"].toBool();
    const std::array<bool, 3> wanted{context->needs_input_grad(0), context->needs_input_grad(1),
                                     has_bias && context->needs_input_grad(2)};
    const torch::Tensor gradient = gradients[0].contiguous(at::MemoryFormat::ChannelsLast);
    const Parts parts{x.size(0), context->saved_data["parts"].toInt()};
    torch::Tensor of_x = wanted[0] ? at::empty_like(x) : torch::Tensor();
    std::vector<torch::Tensor> of_weight(static_cast<size_t>(parts.count)), of_bias(of_weight.size());
    for_each_part(parts, [&](int64_t part) {
      auto [px, pw, pb] = at::convolution_backward(
          parts.of(gradient, part), parts.of(x, part), weight, {}, {o.stride, o.stride}, {o.padding, o.padding},
          {o.dilation, o.dilation}, /*transposed=*/false, {0, 0}, o.groups, wanted);
      if (wanted[0]) parts.of(of_x, part).copy_(px);
      of_weight[static_cast<size_t>(part)] = std::move(pw);
      of_bias[static_cast<size_t>(part)] = std::move(pb);
    });
    return {of_x, wanted[1] ? sum(of_weight) : Variable(), wanted[2] ? sum(of_bias) : Variable(), Variable(),
            Variable()};
  }

  static torch::Tensor sum(std::vector<torch::Tensor>& parts) {
    for (size_t i = 1; i < parts.size(); ++i) parts[0].add_(parts[i]);
    return parts[0];
  }
};

}  // namespace

torch::Tensor image_convolution(const torch::Tensor& x, const torch::Tensor& weight, const torch::Tensor& bias,
                                const ConvolutionOptions& o) {
  const bool fits = !bias.defined() || (bias.dim() == 1 && bias.size(0) == weight.size(0));
  if (fits && can_pack_convolution(x, weight, o)) return packed_convolution(x, weight, bias, o);
  const int threads = at::get_num_threads();
  const bool divided = threads > 1 && x.size(0) >= threads && x.device().is_cpu() && x.scalar_type() == torch::kFloat &&
                       weight.scalar_type() == torch::kFloat;
  if (!divided) return at::conv2d(x, weight, bias, o.stride, o.padding, o.dilation, o.groups);
  return ImageConvolution::apply(x, weight, bias.defined() ? bias : at::empty({0}, x.options()),
                                 std::vector<int64_t>{o.stride, o.padding, o.dilation, o.groups},
                                 static_cast<int64_t>(threads));
}

}  // namespace spinenet::nn
