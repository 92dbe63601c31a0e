// The product of bf16 values (floats rounded to their upper 16 bits), where the processor multiplies them; the sums are
// floats. Highway of Debian 12 does not know the instructions, so this file writes them out.
//
// Thread contract: as kernels.h.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

namespace spinenet::kernels {

// C = A * B; packed weights are [panel][k / 2][column][2]. Panels of 32 columns.
struct Bf16Product {
  const uint16_t* a = nullptr;
  int64_t a_stride = 0;
  int64_t rows = 0;
  int64_t k = 0;  // a multiple of 8
  const uint16_t* b = nullptr;
  float* c = nullptr;
  int64_t c_stride = 0;
  int64_t columns = 0;  // a multiple of kChannelBlock
};

using Bf16Multiply = void (*)(const Bf16Product&);
// Rounds floats, a multiple of 16 of them, to the nearest bf16 values; `to` may be where `from` is.
using ToBf16 = void (*)(const float* from, int64_t count, uint16_t* to);

// To the nearest, ties to the even one; what is not a number stays so.
inline uint16_t rounded_to_bf16(float x) {
  constexpr int kLower = 16;
  constexpr uint32_t kHalf = 0x7FFF, kQuiet = 0x40;
  const auto bits = std::bit_cast<uint32_t>(x);
  if (std::isnan(x)) return static_cast<uint16_t>(bits >> kLower | kQuiet);
  return static_cast<uint16_t>((bits + kHalf + (bits >> kLower & 1U)) >> kLower);
}

// Null when this machine has no such instructions.
Bf16Multiply find_bf16_multiply();
ToBf16 find_to_bf16();

}  // namespace spinenet::kernels
