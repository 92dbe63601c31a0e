// CRC-32C (Castagnoli), which TensorFlow's files carry: event files and checkpoints.
//
// Thread contract: pure functions.
// Source: RFC 3720, appendix B.4; LevelDB's table format for the masked form.
#pragma once

#include <cstdint>
#include <string_view>

namespace spinenet {

// Of the bytes; or of what `before` is the sum of, followed by the bytes.
uint32_t crc32c(std::string_view bytes, uint32_t before = 0);

// A sum as it is stored beside the bytes that it is of, so that a sum over sums does not come out as a constant.
uint32_t masked_crc32c(uint32_t sum);

}  // namespace spinenet
