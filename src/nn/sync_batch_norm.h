// Batch norm in training whose mean and variance are taken over all processes, so that several processes with parts of
// a batch compute what one process would with the whole.
//
// Source: the batch statistics are summed over processes in the forward pass, and the two sums of the gradient in the
// backward pass, as in Peng et al., MegDet (CVPR 2018), section 3.2.
#pragma once

#include <functional>

#include "nn/tensors.h"

namespace spinenet::nn {

// Sums a tensor in place over all processes. Empty: there is one process.
using AllReduce = std::function<void(torch::Tensor&)>;

struct BatchNormState {
  torch::Tensor weight, bias, running_mean, running_var;
  double momentum = 0.99, epsilon = 1e-3;
};

// Of a batch over all processes, [C] in single precision, and the number of values that a channel has there.
struct BatchStatistics {
  torch::Tensor mean, inverse_std;
  double count = 0;
};

// `sums`: of this process's values and of their squares, and their number, [2 C + 1] in double precision. Updates the
// running statistics, unless no process has a value. `all_reduce` is null for one process.
BatchStatistics batch_statistics(torch::Tensor sums, const BatchNormState& state, const AllReduce* all_reduce);

// x [N, C, H, W]; updates the running statistics.
torch::Tensor sync_batch_norm(const torch::Tensor& x, const BatchNormState& state, const AllReduce& all_reduce);

}  // namespace spinenet::nn
