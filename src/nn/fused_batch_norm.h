// Batch norm in training together with the activation behind it, on CPUs: maps are read and written as rarely as can
// be, what the activation was given is computed again and not kept, and the sums are exact.
//
// Source: Rota Bulo et al., In-Place Activated BatchNorm (CVPR 2018), section 3.1, for fusing the two; with several
// processes the sums are those of all, as in sync_batch_norm.
#pragma once

#include "nn/norm_kernels.h"
#include "nn/sync_batch_norm.h"

namespace spinenet {

// Whether fused_batch_norm takes this map: [N, C, H, W] in single precision on the CPU.
bool can_fuse_batch_norm(const torch::Tensor& x);

// Updates the running statistics. The result has its channels last. The same bits for any number of threads.
// `all_reduce`, which outlives the step, is null for one process.
torch::Tensor fused_batch_norm(const torch::Tensor& x, const BatchNormState& state, NormActivation activation,
                               const AllReduce* all_reduce);

}  // namespace spinenet
