// Inner loop of the focal loss in training: of logits whose target is 0, as nearly all of a detector's are.
//
// Source: Lin et al., Focal Loss for Dense Object Detection (ICCV 2017), section 3.
//
// Thread contract: pure functions.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace spinenet::kernels {

// The loss of a logit x with p = sigmoid(x) is weight * p^gamma * -log(1 - p). It is finite for every finite logit.
struct FocalLoss {
  float weight = 0.75F;
  float gamma = 1.5F;
};

// The loop for one instruction set.
struct FocalKernels {
  std::string_view name;
  // The sum of the losses of `count` logits x, which is added up in single precision over few and in double precision
  // over those. Writes each one's slope to `slopes`, which may be x.
  double (*loss_and_slopes)(const FocalLoss& loss, const float* x, int64_t count, float* slopes);
};

// Those that this machine can run, the fastest first.
std::span<const FocalKernels> all_focal_kernels();

}  // namespace spinenet::kernels
