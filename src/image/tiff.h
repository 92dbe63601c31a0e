// The TIFF part of decode.h: what the header says, and the pixels as they are stored.
//
// Of several pages the first one is taken. Read: grey, palette, RGB, CMYK, YCbCr and Lab of 1, 2, 4, 8 or 16 bits
// without a sign, in strips or tiles, uncompressed or with PackBits, LZW, Deflate, JPEG or the codings of fax machines.
// The orientation is the file's own tag, the one that EXIF took over. Thread contract: plain functions of their
// arguments. Source: TIFF 6.0; pixels by libtiff.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "image/decode.h"
#include "image/image.h"

namespace spinenet::image {

// Of the first directory.
struct TiffHeader {
  ImageSize stored;
  int orientation = 1;
  uint32_t sample_bits = 1, samples = 1;  // of a pixel
  uint32_t sample_format = 1;             // 1: numbers without a sign, 4: undefined
  uint32_t compression = 1;
  ImageSize tile;           // 0 x 0: in strips
  bool is_preview = false;  // a smaller copy of another page, as raw files of cameras begin
};

bool is_tiff(std::span<const uint8_t> bytes);

// Nothing when the bytes are no TIFF header. The directory may stand anywhere, so this wants the whole file.
std::optional<TiffHeader> parse_tiff_header(std::span<const uint8_t> bytes);

// The size has been held against the limits by the caller.
Image decode_tiff_pixels(std::span<const uint8_t> bytes, const TiffHeader& header, std::string_view place);

}  // namespace spinenet::image
