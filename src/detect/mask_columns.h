// Masks as bytes column by column, the order of a run-length code and of NumPy's Fortran arrays; mask.h has them row by
// row.
#pragma once

#include <cstdint>
#include <span>

#include "detect/mask.h"

namespace spinenet::detect {

// `mask` has height * width bytes, 0 or not 0.
Rle encode_columns(std::span<const uint8_t> mask, int64_t height, int64_t width);
// Writes 0 and 1. ErrorKind::bad_data when the runs do not sum to the length of `out`.
void decode_columns(const Rle& rle, std::span<uint8_t> out);

}  // namespace spinenet::detect
