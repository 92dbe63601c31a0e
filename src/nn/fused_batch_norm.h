// Batch norm in training together with what follows it, a sum with another map and an activation, on CPUs: one pass for
// the sums and one for the result, forward and backward. What the activation was given is computed again in the
// backward pass and not kept.
//
// Source: Rota Bulo et al., In-Place Activated BatchNorm (CVPR 2018), for fusing the two; it inverts the activation
// where this keeps the map. With several processes the sums are those of all, as in sync_batch_norm.
//
// Thread contract: training belongs to one thread; the work is done in LibTorch's threads.
#pragma once

#include <optional>

#include "arch/architecture.h"
#include "nn/sync_batch_norm.h"

namespace spinenet::nn {

// Whether fused_batch_norm takes this map: [N, C, H, W] in single precision on the CPU.
bool can_fuse_batch_norm(const torch::Tensor& x);

// What follows a batch norm and is computed with it: activation(norm + added).
struct BehindBatchNorm {
  std::optional<arch::Activation> activation = std::nullopt;
  torch::Tensor added{};  // of the norm's shape, or undefined
};

// Updates the running statistics, unless no process has a value. The result has its channels last. The same bits for
// any number of threads. `all_reduce`, which outlives the step, is null for one process.
torch::Tensor fused_batch_norm(const torch::Tensor& x, const BatchNormState& state, const BehindBatchNorm& behind,
                               const AllReduce* all_reduce);

}  // namespace spinenet::nn
