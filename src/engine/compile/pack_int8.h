// The weights of int8 convolutions, and the scale and shift that follow their integer sums.
//
// Thread contract: pure functions; packing writes to the memory that it is given.
// Source: Krishnamoorthi 2018 (weights by output channel, activations by tensor); Meng and Brothers 2019 (Winograd's
// transforms in integers).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/tensor_view.h"
#include "engine/plan/plan.h"

namespace spinenet::engine {

// Weights as integers from -127 to 127, each output channel with a scale of its own.
struct QuantizedWeights {
  std::vector<int8_t> numbers;  // as the weights lie
  std::vector<float> scales;
  std::vector<int32_t> sums;  // of the numbers of each output channel
};
QuantizedWeights quantize_weights(const TensorView& weight);

// `shape`: that of the weights, [O, I, k, k]. For rows of step.k bytes.
void pack_int8(const QuantizedWeights& weights, const std::vector<int64_t>& shape, const ConvStep& step, int panel,
               int8_t* to);

// The taps of a transposed convolution, each with scales of its own.
std::vector<DeconvTap> pack_int8_taps(const TensorView& weight, const DeconvStep& step, int panel);

// Weights for Winograd's F(4x4, 3x3) in 16-bit integers, and their scales, [product][column] in whole panels.
//
// A sum of products stays below 2^31 whatever the bytes are: the scale of each product and output channel is chosen for
// that, which leaves weights about 11 bits.
void pack_int8_winograd(const TensorView& weight, const ConvStep& step, int panel, int16_t* to, float* scales);

// From sums of bytes times integers to what `affine` makes of sums of the true numbers.
ChannelAffine affine_of_sums(const ChannelAffine& affine, std::span<const float> scales, std::span<const int32_t> sums,
                             const Quantization& in);
// The same from sums that Winograd's transform has brought back to the true weights.
ChannelAffine affine_of_winograd_sums(const ChannelAffine& affine, const Quantization& in);

}  // namespace spinenet::engine
