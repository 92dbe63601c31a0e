#include <algorithm>
#include <array>
#include <cstring>

#include <zlib.h>

#include "image/orientation.h"
#include "image/png.h"

namespace spinenet::image {
namespace {

constexpr std::array<uint8_t, 8> kSignature = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
constexpr size_t kHeaderEnd = 8 + 12 + 13;  // signature, IHDR
constexpr uint32_t kMaxSide = 0x7FFFFFFF;

uint32_t big_endian(std::span<const uint8_t> bytes, size_t offset) {
  return uint32_t{bytes[offset]} << 24 | uint32_t{bytes[offset + 1]} << 16 | uint32_t{bytes[offset + 2]} << 8 |
         bytes[offset + 3];
}

int channels_of(uint8_t color_type) {
  constexpr std::array<int, 7> kChannels = {1, 0, 3, 1, 2, 0, 4};  // grey, -, RGB, palette, grey + alpha, -, RGBA
  return color_type < kChannels.size() ? kChannels[color_type] : 0;
}

// The orientation of the first whole eXIf chunk.
int find_orientation(std::span<const uint8_t> bytes) {
  size_t position = kHeaderEnd;
  while (bytes.size() - position >= 12) {
    const size_t length = big_endian(bytes, position);
    if (length > bytes.size() - position - 12) return 1;
    const uint8_t* type = bytes.data() + position + 4;
    if (std::memcmp(type, "IEND", 4) == 0) return 1;
    if (std::memcmp(type, "eXIf", 4) == 0 &&
        crc32(0, type, static_cast<uInt>(length + 4)) == big_endian(bytes, position + 8 + length)) {
      return exif_orientation(bytes.subspan(position + 8, length));
    }
    position += 12 + length;
  }
  return 1;
}

}  // namespace

bool is_png(std::span<const uint8_t> bytes) {
  return bytes.size() >= kSignature.size() && std::equal(kSignature.begin(), kSignature.end(), bytes.begin());
}

std::optional<PngHeader> parse_png_header(std::span<const uint8_t> bytes) {
  if (!is_png(bytes) || bytes.size() < kHeaderEnd) return std::nullopt;
  if (big_endian(bytes, 8) != 13 || std::memcmp(bytes.data() + 12, "IHDR", 4) != 0) return std::nullopt;
  if (crc32(0, bytes.data() + 12, 17) != big_endian(bytes, 29)) return std::nullopt;
  const uint32_t width = big_endian(bytes, 16);
  const uint32_t height = big_endian(bytes, 20);
  const int channels = channels_of(bytes[25]);
  if (width == 0 || height == 0 || width > kMaxSide || height > kMaxSide || channels == 0) return std::nullopt;
  PngHeader header;
  header.stored = {static_cast<int>(height), static_cast<int>(width)};
  header.orientation = find_orientation(bytes);
  // Rows of whole bytes after one filter byte each; an interlaced image takes more. Never more than 2^31 * 2^31 * 8.
  const double row_bytes = static_cast<double>(width) * channels * bytes[24] / 8;
  header.packed_bytes = static_cast<int64_t>(std::min(row_bytes * height, 9e18));
  return header;
}

}  // namespace spinenet::image
