// IDX files of bytes, as the MNIST database has them, gzipped or not.
//
// Invariant: memory grows with what is there, not with what a header says. Thread contract: pure functions.
// Source: Y. LeCun, C. Cortes and C. Burges, the MNIST database; RFC 1952 (gzip).
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace spinenet::data {

// More than any known set has (the digits of EMNIST: 240,000); what is larger is no set of images but an attack.
inline constexpr uint32_t kMostIdxItems = 300'000;

struct IdxFile {
  std::string_view bytes;
  std::string_view place, remedy;  // for messages
};

// The items, one after the other. ErrorKind::bad_data when there are none, when an item is not of this shape, or when
// the file is cut off, goes on behind them or is damaged.
std::vector<uint8_t> parse_idx(const IdxFile& file, std::span<const uint32_t> item_shape);

}  // namespace spinenet::data
