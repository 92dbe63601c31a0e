// A convolution of several images: with the project's own kernels where they have it (packed_convolution.h). Others, in
// groups say, are LibTorch's, and on the CPU threads take their images as they come: LibTorch's own divides each
// convolution equally and its threads meet at its end, so that all wait for one that has lost its processor.
//
// The images are divided into as many parts as there are threads, each computed by one thread as LibTorch computes a
// batch of that size. The gradients of the weights are the parts' added in order: the same for the same number of
// threads, whoever did what.
// Thread contract: as share_work.h.
#pragma once

#include <cstdint>

#include <torch/types.h>

namespace spinenet::nn {

struct ConvolutionOptions {
  int64_t stride = 1, padding = 0, dilation = 1, groups = 1;
};

// x: [N, C, H, W]; weight: [O, C / groups, k, k]; bias: [O] or undefined. [N, O, H', W'], channels last where it is
// packed or divided; in groups at::conv2d where there are fewer images than threads or one thread, and always with
// another device or type.
torch::Tensor image_convolution(const torch::Tensor& x, const torch::Tensor& weight, const torch::Tensor& bias,
                                const ConvolutionOptions& options);

}  // namespace spinenet::nn
