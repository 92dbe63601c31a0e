// Batch norm in training whose mean and variance are taken over all processes, so that several processes with parts of
// a batch compute what one process would with the whole.
//
// Source: the batch statistics are summed over processes in the forward pass, and the two sums of the gradient in the
// backward pass, as in Peng et al., MegDet (CVPR 2018), section 3.2.
#pragma once

#include <functional>

#include "nn/tensors.h"

namespace spinenet {

// Sums a tensor in place over all processes. Empty: there is one process.
using AllReduce = std::function<void(torch::Tensor&)>;

struct BatchNormState {
  torch::Tensor weight, bias, running_mean, running_var;
  double momentum = 0.99, epsilon = 1e-3;
};

// x [N, C, H, W]; updates the running statistics.
torch::Tensor sync_batch_norm(const torch::Tensor& x, const BatchNormState& state, const AllReduce& all_reduce);

}  // namespace spinenet
