// Batch norm in training whose mean and variance are taken over all processes, so that several processes with parts of
// a batch compute what one process would with the whole; and batch renormalisation, which leans on the running
// statistics where a batch is small.
//
// Source: the batch statistics are summed over processes in the forward pass, and the two sums of the gradient in the
// backward pass, as in Peng et al., MegDet (CVPR 2018), section 3.2. Ioffe, Batch Renormalization (NIPS 2017), section
// 3 and algorithm 1.
#pragma once

#include <functional>

#include "nn/tensors.h"

namespace spinenet::nn {

// Sums a tensor in place over all processes. Empty: there is one process.
using AllReduce = std::function<void(torch::Tensor&)>;

// A normalised value z becomes z * r + d, with r = std_batch / std_running cut to 1 / max_scale .. max_scale and
// d = (mean_batch - mean_running) / std_running cut to -max_shift .. max_shift, by the running statistics before the
// step; r and d count as constants in the gradient. Without limits it is the normalisation of inference.
struct BatchRenorm {
  double below = 0;                     // of batches with fewer values a channel, over all processes; 0: of none
  double max_scale = 1, max_shift = 0;  // r_max and d_max of the paper; with these it is plain batch norm
};

struct BatchNormState {
  torch::Tensor weight, bias, running_mean, running_var;
  double momentum = 0.99, epsilon = 1e-3;
  BatchRenorm renorm{};
};

// Of a batch over all processes, [C] in single precision, and the number of values that a channel has there.
struct BatchStatistics {
  torch::Tensor mean, inverse_std;
  double count = 0;
  torch::Tensor scale{}, shift{};  // r and d; undefined where the batch is not renormalised
};

// `sums`: of this process's values and of their squares, and their number, [2 C + 1] in double precision. Updates the
// running statistics, unless no process has a value. `all_reduce` is null for one process.
BatchStatistics batch_statistics(torch::Tensor sums, const BatchNormState& state, const AllReduce* all_reduce);

// What a normalised value is multiplied by and what is then added, [C]: the weight and the bias, to which gradients go,
// and r and d with them.
struct AffineOfNorm {
  torch::Tensor weight, bias;
};
AffineOfNorm affine_of(const BatchNormState& state, const BatchStatistics& statistics);

// x [N, C, H, W]; updates the running statistics. `all_reduce`, which outlives the step, is null for one process.
torch::Tensor sync_batch_norm(const torch::Tensor& x, const BatchNormState& state, const AllReduce* all_reduce);

}  // namespace spinenet::nn
