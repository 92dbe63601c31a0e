// Winograd's F(4x4, 3x3) for a convolution of bytes: weights as 16-bit numbers, scratch, and a task of it.
//
// A sum of products stays below 2^31 whatever the bytes are: the scale of each product and output channel is chosen for
// that, which leaves weights about 11 bits. Thread contract: pure functions; tasks write different memory.
// Source: Lavin and Gray 2016; Meng and Brothers 2019 (its transforms in whole numbers).
#pragma once

#include <cstdint>

#include "engine/run/run_step.h"

namespace spinenet::engine {

// Of weights as pack_weights makes them for Winograd: [panel][product][k][column].
Int8Winograd pack_int8_winograd(const float* packed, int64_t k, int64_t columns, int panel);
int64_t int8_winograd_floats(const Int8Winograd& winograd, int64_t k);

// Few tiles do not make up for eight times the weights, nor few channels for the transforms.
bool suits_int8_winograd(int64_t tiles, int64_t k, int64_t columns);

// A thread's scratch for so many tiles: inputs as 16-bit numbers, then sums.
struct Int8WinogradScratch {
  int64_t input_stride = 0, output_stride = 0;  // from product to product, in numbers
  int64_t output_columns = 0;
  int64_t outputs = 0;  // floats before the sums
  int64_t floats = 0;   // in all
};
Int8WinogradScratch int8_winograd_scratch(const QuantizedConvStep& step, int64_t tiles, int panel);

void run_int8_winograd(const CompiledPlan& plan, const QuantizedConvStep& step, const ConvTask& task,
                       const StepMemory& memory);

}  // namespace spinenet::engine
