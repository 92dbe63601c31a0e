// What the processors of x86 alone have, on all others: there is none of it.
#include "kernels/bf16.h"
#include "kernels/tiles.h"
#include "kernels/vnni.h"

namespace spinenet::kernels {

QuantizedMultiply find_vnni_multiply() {
  return nullptr;
}

PairMultiply find_vnni_pair_multiply() {
  return nullptr;
}

Bf16Multiply find_bf16_multiply() {
  return nullptr;
}

ToBf16 find_to_bf16() {
  return nullptr;
}

const TileKernels* find_tile_kernels() {
  return nullptr;
}

}  // namespace spinenet::kernels
