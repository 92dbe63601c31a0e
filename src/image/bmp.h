// The BMP part of decode.h: what the header says, and the pixels as they are stored.
//
// Read: 1, 4, 8, 16, 24 and 32 bits a pixel, uncompressed, with a palette or with masks, rows from the bottom or the
// top. BMP has no EXIF: its orientation is always 1. Thread contract: plain functions of their arguments.
// Source: the headers BITMAPCOREHEADER, BITMAPINFOHEADER, BITMAPV4HEADER and BITMAPV5HEADER of Windows.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "image/decode.h"
#include "image/image.h"

namespace spinenet::image {

enum class BmpCoding { plain, masks, run_lengths, other };

struct BmpHeader {
  ImageSize stored;
  int orientation = 1;
  bool is_from_top = false;  // else the first row is the lowest
  int bits = 0;              // of a pixel
  BmpCoding coding = BmpCoding::plain;
  std::array<uint32_t, 3> masks{};  // of red, green, blue
  // Blue, green, red in each colour; palette_at is where the headers, and masks apart from them, end.
  size_t palette_at = 0, palette_step = 4, palette_count = 0;
  size_t pixels_at = 0;
};

bool is_bmp(std::span<const uint8_t> bytes);

// Nothing when the bytes are no BMP header. A prefix of a file may do.
std::optional<BmpHeader> parse_bmp_header(std::span<const uint8_t> bytes);

// The size has been held against the limits by the caller.
Image decode_bmp_pixels(std::span<const uint8_t> bytes, const BmpHeader& header, std::string_view place);

}  // namespace spinenet::image
