#include "image/bmp.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <vector>

#include "base/error.h"
#include "base/format.h"

namespace spinenet::image {
namespace {

constexpr size_t kFileHeader = 14;
constexpr uint32_t kCoreHeader = 12, kInfoHeader = 40;
// OS/2's second header, of 16 to 64 bytes, is known by name alone.
constexpr std::array<uint32_t, 8> kHeaderSizes = {kCoreHeader, 16, kInfoHeader, 52, 56, 64, 108, 124};
constexpr const char* kBmpRemedy = "the file is damaged; get it again or remove it";

uint32_t little_endian(std::span<const uint8_t> bytes, size_t offset, size_t length) {
  uint32_t value = 0;
  for (size_t i = 0; i < length; ++i) value |= uint32_t{bytes[offset + i]} << 8 * i;
  return value;
}

BmpCoding bmp_coding(uint32_t compression) {
  if (compression == 0) return BmpCoding::plain;
  if (compression == 1 || compression == 2) return BmpCoding::run_lengths;
  return compression == 3 || compression == 6 ? BmpCoding::masks : BmpCoding::other;
}

bool is_one_run(uint32_t mask) {
  const uint32_t low = mask >> (mask == 0 ? 0 : std::countr_zero(mask));
  return (low & (low + 1)) == 0;
}

// What follows the size and depth in the headers from 40 bytes on. False where it lies outside of the bytes.
bool read_info(std::span<const uint8_t> bytes, uint32_t header_size, BmpHeader& header) {
  const uint32_t compression = little_endian(bytes, 30, 4);
  header.coding = header_size == 16 || header_size == 64 ? BmpCoding::other : bmp_coding(compression);
  header.palette_count = little_endian(bytes, 46, 4);
  header.palette_at = kFileHeader + header_size;
  if (header.bits == 16) header.masks = {0x7C00, 0x03E0, 0x001F};
  if (header.bits == 32) header.masks = {0xFF0000, 0x00FF00, 0x0000FF};
  if (header.coding != BmpCoding::masks) return true;
  if (header_size == kInfoHeader) header.palette_at += compression == 6 ? 16 : 12;
  constexpr size_t kMasks = kFileHeader + kInfoHeader;  // in the longer headers, or behind the short one
  if (bytes.size() < kMasks + 12) return false;
  for (size_t i = 0; i < 3; ++i) header.masks[i] = little_endian(bytes, kMasks + 4 * i, 4);
  return std::all_of(header.masks.begin(), header.masks.end(), is_one_run);
}

uint8_t sample_of(uint32_t pixel, uint32_t mask) {
  if (mask == 0) return 0;
  const int shift = std::countr_zero(mask);
  const uint64_t most = mask >> shift, value = (pixel & mask) >> shift;
  return static_cast<uint8_t>((value * 255 + most / 2) / most);
}

void check_kind_of_bmp(const BmpHeader& header, std::string_view place) {
  constexpr const char* kConvert = "save it uncompressed, or as PNG";
  if (header.coding == BmpCoding::run_lengths) {
    fail(ErrorKind::bad_data, "BMP with run-length coding (RLE) is not read", place, kConvert);
  }
  if (header.coding == BmpCoding::other) {
    fail(ErrorKind::bad_data, "a BMP of OS/2, or with another format inside, is not read", place, kConvert);
  }
  constexpr std::array<int, 6> kDepths = {1, 4, 8, 16, 24, 32};
  const bool has_masks = header.coding == BmpCoding::masks;
  const bool known = std::find(kDepths.begin(), kDepths.end(), header.bits) != kDepths.end();
  if (!known || (has_masks && header.bits != 16 && header.bits != 32)) {
    fail(ErrorKind::bad_data,
         fmt::format("BMP with {} bits a pixel{} is not read", header.bits, has_masks ? " and masks" : ""), place,
         kConvert);
  }
}

// Red, green and blue of each entry; the whole palette lies in the file.
std::vector<std::array<uint8_t, 3>> palette_of(std::span<const uint8_t> bytes, const BmpHeader& header,
                                               std::string_view place) {
  std::vector<std::array<uint8_t, 3>> palette;
  if (header.bits > 8) return palette;
  const size_t most = size_t{1} << header.bits;
  const size_t count = header.palette_count == 0 ? most : header.palette_count;
  if (count > most || header.palette_at + count * header.palette_step > bytes.size()) {
    fail(ErrorKind::bad_data, fmt::format("the BMP's palette of {} colours is cut or too long", count), place,
         kBmpRemedy);
  }
  for (size_t i = 0; i < count; ++i) {
    const uint8_t* entry = bytes.data() + header.palette_at + i * header.palette_step;
    palette.push_back({entry[2], entry[1], entry[0]});
  }
  return palette;
}

void check_start_of_pixels(const BmpHeader& header, size_t colours, std::string_view place) {
  const size_t least = header.palette_at + colours * header.palette_step;
  if (header.pixels_at >= least) return;
  fail(ErrorKind::bad_data,
       fmt::format("the pixels of the BMP begin at byte {}, inside of its headers{}, which end at byte {}",
                   header.pixels_at, colours == 0 ? "" : " and palette", least),
       place, kBmpRemedy);
}

void read_palette_row(const uint8_t* row, const BmpHeader& header, std::span<const std::array<uint8_t, 3>> palette,
                      std::span<uint8_t> target, std::string_view place) {
  const int bits = header.bits, each = 8 / bits, most = (1 << bits) - 1;
  for (int x = 0; x < header.stored.width; ++x) {
    const auto index = static_cast<size_t>(row[x / each] >> (8 - bits * (x % each + 1)) & most);
    if (index >= palette.size()) {
      fail(ErrorKind::bad_data,
           fmt::format("a pixel of the BMP has colour {} of a palette of {}", index, palette.size()), place,
           kBmpRemedy);
    }
    std::copy_n(palette[index].begin(), 3, target.begin() + static_cast<std::ptrdiff_t>(x) * 3);
  }
}

void read_direct_row(std::span<const uint8_t> row, const BmpHeader& header, uint8_t* target) {
  const auto step = static_cast<size_t>(header.bits / 8);
  for (int x = 0; x < header.stored.width; ++x, target += 3) {
    const size_t at = static_cast<size_t>(x) * step;
    if (header.bits == 24) {
      for (size_t c = 0; c < 3; ++c) target[c] = row[at + 2 - c];
      continue;
    }
    const uint32_t pixel = little_endian(row, at, step);
    for (size_t c = 0; c < 3; ++c) target[c] = sample_of(pixel, header.masks[c]);
  }
}

}  // namespace

bool is_bmp(std::span<const uint8_t> bytes) {
  if (bytes.size() < kFileHeader + 4 || bytes[0] != 'B' || bytes[1] != 'M') return false;
  return std::find(kHeaderSizes.begin(), kHeaderSizes.end(), little_endian(bytes, kFileHeader, 4)) !=
         kHeaderSizes.end();
}

std::optional<BmpHeader> parse_bmp_header(std::span<const uint8_t> bytes) {
  if (!is_bmp(bytes)) return std::nullopt;
  const uint32_t header_size = little_endian(bytes, kFileHeader, 4);
  const size_t least = header_size < kInfoHeader ? header_size : kInfoHeader;
  if (bytes.size() < kFileHeader + least) return std::nullopt;
  BmpHeader header;
  header.pixels_at = little_endian(bytes, 10, 4);
  if (header_size == kCoreHeader) {
    header.stored = {static_cast<int>(little_endian(bytes, 20, 2)), static_cast<int>(little_endian(bytes, 18, 2))};
    header.bits = static_cast<int>(little_endian(bytes, 24, 2));
    header.palette_at = kFileHeader + kCoreHeader;
    header.palette_step = 3;
  } else {
    const auto width = static_cast<int32_t>(little_endian(bytes, 18, 4));
    const auto height = static_cast<int32_t>(little_endian(bytes, 22, 4));
    if (height == std::numeric_limits<int32_t>::min()) return std::nullopt;
    header.is_from_top = height < 0;
    header.stored = {height < 0 ? -height : height, width};
    header.bits = static_cast<int>(little_endian(bytes, 28, 2));
    if (header_size == 16) {
      header.coding = BmpCoding::other;
    } else if (!read_info(bytes, header_size, header)) {
      return std::nullopt;
    }
  }
  if (header.stored.height < 1 || header.stored.width < 1) return std::nullopt;
  return header;
}

Image decode_bmp_pixels(std::span<const uint8_t> bytes, const BmpHeader& header, std::string_view place) {
  check_kind_of_bmp(header, place);
  const auto height = static_cast<size_t>(header.stored.height), width = static_cast<size_t>(header.stored.width);
  const size_t stride = (width * static_cast<size_t>(header.bits) + 31) / 32 * 4;  // rows end at four bytes
  if (header.pixels_at > bytes.size() || (bytes.size() - header.pixels_at) / stride < height) {
    fail(ErrorKind::bad_data,
         fmt::format("{} bytes are too few for a BMP of {} x {} (height x width) with {} bits a pixel", bytes.size(),
                     height, width, header.bits),
         place, kBmpRemedy);
  }
  const std::vector<std::array<uint8_t, 3>> palette = palette_of(bytes, header, place);
  check_start_of_pixels(header, palette.size(), place);
  Image image = make_image(header.stored.height, header.stored.width);
  for (size_t y = 0; y < height; ++y) {
    const std::span<const uint8_t> row = bytes.subspan(header.pixels_at + y * stride, stride);
    const size_t at = (header.is_from_top ? y : height - 1 - y) * width * 3;
    if (header.bits <= 8) {
      read_palette_row(row.data(), header, palette, std::span(image.pixels).subspan(at, width * 3), place);
    } else {
      read_direct_row(row, header, image.pixels.data() + at);
    }
  }
  return image;
}

}  // namespace spinenet::image
