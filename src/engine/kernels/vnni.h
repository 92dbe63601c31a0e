// The product of bytes with AVX-512's instruction for it (VNNI): 64 multiply-adds each, as many in a cycle as of
// floats. Highway of Debian 12 does not know it, so this file writes it out; elsewhere the function is null.
//
// Thread contract: as kernels.h.
#pragma once

#include "engine/kernels/quantized.h"

namespace spinenet {

using QuantizedMultiply = void (*)(const QuantizedProduct&);

// Null when this machine has no such instructions. Panels of 32 columns.
QuantizedMultiply find_vnni_multiply();

}  // namespace spinenet
