// Unsigned numbers of a TIFF block, which says itself in which byte order they are: TIFF files and EXIF blocks.
//
// Thread contract: a plain value.
// Source: TIFF 6.0, section 2.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace spinenet::image {

struct TiffNumbers {
  std::span<const uint8_t> bytes;
  bool big_endian = false;

  // 0 outside of the block.
  uint32_t number(size_t offset, size_t length) const {
    if (offset > bytes.size() || bytes.size() - offset < length) return 0;
    uint32_t value = 0;
    for (size_t i = 0; i < length; ++i) value = value << 8 | bytes[offset + (big_endian ? i : length - 1 - i)];
    return value;
  }
};

// Nothing where the bytes do not begin as a TIFF block does.
inline std::optional<TiffNumbers> tiff_numbers(std::span<const uint8_t> bytes) {
  if (bytes.size() < 8 || bytes[0] != bytes[1] || (bytes[0] != 'I' && bytes[0] != 'M')) return std::nullopt;
  const TiffNumbers numbers{bytes, bytes[0] == 'M'};
  if (numbers.number(2, 2) != 42) return std::nullopt;
  return numbers;
}

// An entry of a directory: a tag and its first value.
struct TiffEntry {
  uint32_t tag = 0, value = 0;
};

// Entry i of the directory at `directory`; nothing where it is not in the block.
inline std::optional<TiffEntry> tiff_entry(const TiffNumbers& numbers, size_t directory, uint32_t i) {
  const size_t entry = directory + 2 + size_t{12} * i;  // tag, type, count, value or where the values are
  if (i >= numbers.number(directory, 2) || entry + 12 > numbers.bytes.size()) return std::nullopt;
  const uint32_t type = numbers.number(entry + 2, 2), count = numbers.number(entry + 4, 4);
  const size_t width = type == 4 ? 4 : type == 1 ? 1 : 2;  // LONG, BYTE, else as SHORT
  const bool is_inside = count <= 4 / width;
  const size_t at = is_inside ? entry + 8 : numbers.number(entry + 8, 4);
  return TiffEntry{numbers.number(entry, 2), numbers.number(at, width)};
}

}  // namespace spinenet::image
