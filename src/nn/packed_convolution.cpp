#include "nn/packed_convolution.h"

#include <vector>

#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include "kernels/convolution.h"
#include "kernels/weight_gradient.h"
#include "nn/share_work.h"

namespace spinenet::nn {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

kernels::ConvolutionKernels best() {
  static const kernels::ConvolutionKernels kernels = kernels::best_convolution_kernels();
  return kernels;
}

kernels::Convolution shape_of(const torch::Tensor& x, const torch::Tensor& weight, const ConvolutionOptions& o) {
  return {.images = x.size(0),
          .height = x.size(2),
          .width = x.size(3),
          .channels = x.size(1),
          .outputs = weight.size(0),
          .kernel = weight.size(2),
          .stride = o.stride,
          .padding = o.padding,
          .dilation = o.dilation};
}

torch::Tensor run(kernels::ConvolutionPass pass, const torch::Tensor& weight, const torch::Tensor& from,
                  const float* bias, torch::Tensor to) {
  const int threads = at::get_num_threads();
  const auto* weights = weight.data_ptr<float>();
  share_work(pass.packing_pieces(), threads, [&](int64_t piece) { pass.pack(piece, weights); });
  const auto* source = from.data_ptr<float>();
  auto* target = to.data_ptr<float>();
  share_work(pass.pieces(), threads, [&](int64_t piece) { pass.run(piece, source, bias, target); });
  return to;
}

torch::Tensor weight_gradient(const kernels::Convolution& conv, const torch::Tensor& x, const torch::Tensor& gradient,
                              const torch::Tensor& weight) {
  torch::Tensor to = at::empty_like(weight);
  kernels::WeightGradient pass(conv, best());
  const auto* from = x.data_ptr<float>();
  const auto* of_y = gradient.data_ptr<float>();
  share_work(pass.pieces(), at::get_num_threads(), [&](int64_t piece) { pass.run(piece, from, of_y); });
  auto* target = to.data_ptr<float>();
  share_work(pass.finishing_pieces(), at::get_num_threads(), [&](int64_t piece) { pass.finish(piece, target); });
  return to;
}

// The sum over all pixels: image by image, then over the images.
torch::Tensor bias_gradient(const torch::Tensor& gradient) {
  const int64_t images = gradient.size(0), channels = gradient.size(1), pixels = gradient.size(2) * gradient.size(3);
  std::vector<double> sums(static_cast<size_t>(images * channels));
  const auto* from = gradient.data_ptr<float>();
  share_work(images, at::get_num_threads(), [&](int64_t image) {
    double* to = sums.data() + image * channels;
    const float* row = from + image * pixels * channels;
    for (int64_t i = 0; i < pixels; ++i, row += channels) {
      for (int64_t c = 0; c < channels; ++c) to[c] += static_cast<double>(row[c]);
    }
  });
  torch::Tensor sum = at::empty({channels}, gradient.options());
  auto* to = sum.data_ptr<float>();
  for (int64_t c = 0; c < channels; ++c) {
    double all = 0;
    for (int64_t image = 0; image < images; ++image) all += sums[static_cast<size_t>(image * channels + c)];
    to[c] = static_cast<float>(all);
  }
  return sum;
}

// `bias` without elements stands for none: an argument must be a tensor.
struct PackedConvolution : torch::autograd::Function<PackedConvolution> {
  static torch::Tensor forward(AutogradContext* context, const torch::Tensor& x, const torch::Tensor& weight,
                               const torch::Tensor& bias, const std::vector<int64_t>& saved) {
    const torch::Tensor input = x.contiguous(at::MemoryFormat::ChannelsLast), packed = weight.contiguous();
    context->save_for_backward({input, packed});
    context->saved_data["options"] = saved;
    context->saved_data["has_bias"] = bias.numel() > 0;
    const kernels::Convolution conv = shape_of(input, packed, {saved[0], saved[1], saved[2], 1});
    const torch::Tensor shift = bias.contiguous();
    return run(kernels::ConvolutionPass::forward(conv, best()), packed, input,
               shift.numel() > 0 ? shift.data_ptr<float>() : nullptr,
               at::empty({conv.images, conv.outputs, conv.out_height(), conv.out_width()}, input.options(),
                         at::MemoryFormat::ChannelsLast));
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const variable_list tensors = context->get_saved_variables();
    const torch::Tensor &x = tensors[0], &weight = tensors[1];
    const std::vector<int64_t> saved = context->saved_data["options"].toIntVector();
    const kernels::Convolution conv = shape_of(x, weight, {saved[0], saved[1], saved[2], 1});
    const torch::Tensor gradient = gradients[0].contiguous(at::MemoryFormat::ChannelsLast);
    variable_list answers(4);
    if (context->needs_input_grad(0)) {
      answers[0] = run(kernels::ConvolutionPass::input_gradient(conv, best()), weight, gradient, nullptr,
                       at::empty({conv.images, conv.channels, conv.height, conv.width}, x.options(),
                                 at::MemoryFormat::ChannelsLast));
    }
    if (context->needs_input_grad(1)) answers[1] = weight_gradient(conv, x, gradient, weight);
    if (context->saved_data["has_bias"].toBool() && context->needs_input_grad(2)) answers[2] = bias_gradient(gradient);
    return answers;
  }
};

}  // namespace

bool can_pack_convolution(const torch::Tensor& x, const torch::Tensor& weight, const ConvolutionOptions& o) {
  const auto is_map = [](const torch::Tensor& t) {
    return t.device().is_cpu() && t.scalar_type() == torch::kFloat && t.dim() == 4 && t.numel() > 0;
  };
  if (o.groups != 1 || !is_map(x) || !is_map(weight)) return false;
  if (weight.size(1) != x.size(1) || weight.size(2) != weight.size(3)) return false;
  const kernels::Convolution conv = shape_of(x, weight, o);
  const int64_t reach = conv.dilation * (conv.kernel - 1) + 1;
  return conv.height + 2 * conv.padding >= reach && conv.width + 2 * conv.padding >= reach;
}

torch::Tensor packed_convolution(const torch::Tensor& x, const torch::Tensor& weight, const torch::Tensor& bias,
                                 const ConvolutionOptions& o) {
  return PackedConvolution::apply(x, weight, bias.defined() ? bias : at::empty({0}, x.options()),
                                  std::vector<int64_t>{o.stride, o.padding, o.dilation});
}

}  // namespace spinenet::nn
