// The focal loss of logits whose target is 0, on CPUs: the loss and its gradient in one pass over the logits.
//
// Gradients of gradients are not computed. Source: kernels/focal_kernels.h.
// Thread contract: training belongs to one thread; the work is done in LibTorch's threads.
#pragma once

#include "kernels/focal_kernels.h"
#include "nn/tensors.h"

namespace spinenet::nn {

// Whether fused_focal_loss takes these logits: single precision on the CPU.
bool can_fuse_focal_loss(const torch::Tensor& logits);

// The sum over all logits, a scalar in single precision. The same bits for any number of threads.
torch::Tensor fused_focal_loss(const torch::Tensor& logits, const kernels::FocalLoss& loss);

}  // namespace spinenet::nn
