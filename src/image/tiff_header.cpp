#include <limits>

#include "image/tiff.h"
#include "image/tiff_numbers.h"

namespace spinenet::image {
namespace {

enum TiffTag : uint32_t {
  subfile_kind = 254,
  width_of_page = 256,
  height_of_page = 257,
  bits_of_sample = 258,
  kind_of_compression = 259,
  orientation_of_page = 274,
  samples_of_pixel = 277,
  width_of_tile = 322,
  height_of_tile = 323,
  format_of_sample = 339,
};

// 0, which no size may be, for what does not fit.
int side_of(uint32_t value) {
  constexpr uint32_t kMost = std::numeric_limits<int>::max();
  return value <= kMost ? static_cast<int>(value) : 0;
}

void take_entry(const TiffEntry& entry, TiffHeader& header) {
  switch (entry.tag) {
    case subfile_kind:
      header.is_preview = (entry.value & 1) != 0;
      break;
    case width_of_page:
      header.stored.width = side_of(entry.value);
      break;
    case height_of_page:
      header.stored.height = side_of(entry.value);
      break;
    case bits_of_sample:
      header.sample_bits = entry.value;
      break;
    case kind_of_compression:
      header.compression = entry.value;
      break;
    case orientation_of_page:
      header.orientation = entry.value >= 1 && entry.value <= 8 ? static_cast<int>(entry.value) : 1;
      break;
    case samples_of_pixel:
      header.samples = entry.value;
      break;
    case width_of_tile:
      header.tile.width = side_of(entry.value);
      break;
    case height_of_tile:
      header.tile.height = side_of(entry.value);
      break;
    case format_of_sample:
      header.sample_format = entry.value;
      break;
    default:
      break;
  }
}

}  // namespace

bool is_tiff(std::span<const uint8_t> bytes) {
  return tiff_numbers(bytes).has_value();
}

std::optional<TiffHeader> parse_tiff_header(std::span<const uint8_t> bytes) {
  const std::optional<TiffNumbers> numbers = tiff_numbers(bytes);
  if (!numbers) return std::nullopt;
  const size_t directory = numbers->number(4, 4);
  const uint32_t entries = numbers->number(directory, 2);
  TiffHeader header;
  for (uint32_t i = 0; i < entries; ++i) {
    const std::optional<TiffEntry> entry = tiff_entry(*numbers, directory, i);
    if (!entry) return std::nullopt;
    take_entry(*entry, header);
  }
  if (header.stored.height < 1 || header.stored.width < 1) return std::nullopt;
  return header;
}

}  // namespace spinenet::image
