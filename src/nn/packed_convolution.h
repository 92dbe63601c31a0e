// Convolutions of training on the processor with the project's own kernels: with packed weights, or in Winograd's
// tiles. Their bits do not depend on the number of threads.
//
// Gradients of gradients are not computed. Source: kernels/convolution.h, kernels/weight_gradient.h.
// Thread contract: as LibTorch's operations.
#pragma once

#include "nn/image_convolution.h"

namespace spinenet::nn {

// Floats on the processor, all channels of the input to every output, a square kernel that the map has room for. What
// can not be is left to LibTorch, too, which says why.
bool can_pack_convolution(const torch::Tensor& x, const torch::Tensor& weight, const ConvolutionOptions& options);

// x [N, C, H, W], weight [O, C, K, K], bias [O] or undefined. Gives [N, O, H', W'], channels last.
torch::Tensor packed_convolution(const torch::Tensor& x, const torch::Tensor& weight, const torch::Tensor& bias,
                                 const ConvolutionOptions& options);

}  // namespace spinenet::nn
