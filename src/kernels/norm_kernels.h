// Inner loops of batch norm in training and of the activation behind it, on maps whose channels lie together.
//
// Sums are taken in single precision over few rows, and in double precision over those.
// Source: Ioffe and Szegedy, Batch Normalization (ICML 2015), algorithm 1 and the gradients below it.
//
// Thread contract: pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "arch/architecture.h"

namespace spinenet::kernels {

// Some rows of a map: row r has the values x[r * channels] ... of all channels.
// Row y = activation(z), z = (x - mean) * inverse_std * weight + bias + added, of which mean, inverse_std, weight and
// bias are [channels], and added is a map as x is, or none.
struct NormRows {
  const float* x = nullptr;
  int64_t rows = 0, channels = 0;
  const float *mean = nullptr, *inverse_std = nullptr, *weight = nullptr, *bias = nullptr;
  std::optional<arch::Activation> activation = std::nullopt;
  const float* added = nullptr;
};

// The loops for one instruction set.
struct NormKernels {
  std::string_view name;
  // Adds the sums of x - pivot and of (x - pivot)^2 to sums [2 * channels]. Of `rows` x, rows and channels are read.
  void (*add_moments)(const NormRows& rows, const float* pivot, double* sums);
  void (*normalise)(const NormRows& rows, float* y);
  // gy: gradient of y. Adds the sums of gz and of gz * (x - mean) * inverse_std to sums [2 * channels], where gz is the
  // gradient of z: these are the gradients of bias and weight. Where rows.added is given, gz is written, too: it is the
  // gradient of what was added, and stands for gy in the next function, without an activation.
  void (*add_gradients)(const NormRows& rows, const float* gy, double* sums, float* gz);
  // The gradient of x, from the means [channels] of those two over the whole batch. It does not read rows.added.
  void (*gradient)(const NormRows& rows, const float* gy, const float* mean_gz, const float* mean_gz_x, float* gx);
};

// Those that this machine can run, the fastest first.
std::span<const NormKernels> all_norm_kernels();

}  // namespace spinenet::kernels
