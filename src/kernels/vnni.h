// The products of bytes and of 16-bit numbers with AVX-512's instructions for them (VNNI): 64 and 32 multiply-adds
// each, as many in a cycle as of floats with 16. Highway of Debian 12 does not know it, so this file writes it out;
// elsewhere the functions are null.
//
// Thread contract: as kernels.h.
#pragma once

#include "kernels/quantized.h"

namespace spinenet::kernels {

using QuantizedMultiply = void (*)(const QuantizedProduct&);

using PairMultiply = void (*)(const PairProduct&);

// Null when this machine has no such instructions. Panels of 32 columns.
QuantizedMultiply find_vnni_multiply();
PairMultiply find_vnni_pair_multiply();

}  // namespace spinenet::kernels
