// How a convolution of bytes is computed: packed weights, the numbers that follow its sums, and its tasks.
//
// Thread contract: pure functions.
// Source: Krishnamoorthi 2018 (weights by output channel, activations by tensor).
#pragma once

#include <memory>
#include <vector>

#include "base/host_tensor.h"
#include "engine/compile/convolution_plan.h"
#include "engine/plan/plan.h"

namespace spinenet::engine {

// Weights as whole numbers from -127 to 127, each output channel by a scale of its own.
struct QuantizedWeights {
  std::vector<int8_t> numbers;  // as the weights lie
  std::vector<float> scales;
  std::vector<int32_t> sums;  // of the numbers of each output channel
};
QuantizedWeights quantize_weights(const HostTensor& weight);

// For rows of k bytes whose windows are `stride` channels wide.
std::shared_ptr<const int8_t[]> pack_quantized(const QuantizedWeights& weights, const std::vector<int64_t>& shape,
                                               const QuantizedConvStep& step, int panel);
int64_t packed_bytes(const QuantizedConvStep& step, int panel);

// The same from sums that Winograd's transform has brought back to the true weights.
ChannelAffine affine_of_bytes(const ChannelAffine& affine, const Quantization& in);
// From sums of bytes times numbers to what `affine` makes of sums of the true numbers.
ChannelAffine affine_of_sums(const ChannelAffine& affine, const QuantizedWeights& weights, const Quantization& in);

// So many panels' sums are made before they are finished.
constexpr int64_t kSumPanels = 4;

// As those of a ConvStep.
int64_t task_count(const QuantizedConvStep& step, const Crew& crew);
ConvTask task_at(const QuantizedConvStep& step, const Crew& crew, int64_t task);

// A thread's scratch: rows of bytes, then sums.
struct QuantizedScratch {
  int64_t row_stride = 0;  // bytes
  int64_t sums = 0;        // floats before the sums
  int64_t sum_stride = 0;
  int64_t floats = 0;  // in all
};
QuantizedScratch quantized_scratch(const QuantizedConvStep& step, int panel);

}  // namespace spinenet::engine
