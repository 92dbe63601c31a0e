// The packed weights of steps: how many there are, where each kind lies in memory that is given, and the packing
// itself.
//
// Thread contract: pure functions; packing writes to the memory that it is given.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/host_tensor.h"
#include "base/tensor_view.h"
#include "engine/plan/plan.h"

namespace spinenet::engine {

// Floats that the step's weights take, whatever they are, by its format, choice and k.
int64_t weight_floats(const ConvStep& step, int panel);
// Floats before the scales in the weights of an int8 step: behind them a product has the sums of its columns.
int64_t int8_scales_offset(const ConvStep& step, int panel);
// The weights of the step at `at`, which `owner` keeps alive.
ConvWeights weights_at(const ConvStep& step, int panel, const std::shared_ptr<const float[]>& owner, const float* at);

// [O, I, k, k] to the layout that the step's algorithm reads, as floats, whatever the step's format.
int64_t packed_floats(const ConvStep& step, int panel);
void pack_fp32(const TensorView& weight, const ConvStep& step, int panel, float* to);
// The panel that begins with the column `first`: [products][k][panel].
void pack_panel(const TensorView& weight, const ConvStep& step, int64_t panel, int64_t first, float* to);
// All panels as bf16 values.
void pack_bf16(const TensorView& weight, const ConvStep& step, const kernels::Kernels& kernels, uint16_t* to);
// [C, 1, k, k] to [row][column][channel], `stride` channels to a pixel.
AlignedFloats pack_depthwise(const TensorView& weight, int64_t stride);
// Of each tap of [I, O, k, k] for rows of `k` floats; columns in panels.
// The weights of one tap of a transposed convolution, [I, O, k, k], as those of a 1x1 convolution, [O, I, 1, 1], and
// the product that each tap is.
HostTensor tap_weights(const TensorView& weight, int64_t tap);
ConvStep product_of_taps(const DeconvStep& step);
std::vector<DeconvTap> pack_deconv(const TensorView& weight, const DeconvStep& step, int panel);

}  // namespace spinenet::engine
