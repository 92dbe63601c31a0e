// Inner loops of batch norm in training and of the activation behind it, on maps whose channels lie together.
//
// Sums are exact: single precision over few rows, about a value of the channel, and double precision over those.
// Source: Ioffe and Szegedy, Batch Normalization (ICML 2015), algorithm 1 and the gradients below it.
//
// Thread contract: pure functions.
#pragma once

#include <cstdint>

namespace spinenet {

enum class NormActivation { none, relu, swish, hard_swish };

// Some rows of a map: row r has the values x[r * channels] ... of all channels.
// Row y = activation((x - mean) * inverse * weight + bias), each of them [channels]; inverse is 1 / deviation.
struct NormRows {
  const float* x = nullptr;
  int64_t rows = 0, channels = 0;
  const float *mean = nullptr, *inverse = nullptr, *weight = nullptr, *bias = nullptr;
  NormActivation activation = NormActivation::none;
};

// Adds the sums of x - pivot and of (x - pivot)^2 to sums [2 * channels]. Of `rows` only x, rows and channels are read.
void add_moments(const NormRows& rows, const float* pivot, double* sums);

void normalise(const NormRows& rows, float* y);

// g: gradient of y. Adds the sums of z and of z * (x - mean) * inverse to sums [2 * channels], where z is the
// gradient before the activation: what bias and weight have.
void add_norm_gradients(const NormRows& rows, const float* g, double* sums);

// The gradient of x, from the means [channels] of those two over the whole batch.
void norm_gradient(const NormRows& rows, const float* g, const float* mean_z, const float* mean_zx, float* gx);

}  // namespace spinenet
