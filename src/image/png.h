// The PNG half of decode.h: what the header says, and the pixels as they are stored.
//
// Thread contract: plain functions of their arguments.
// Source: ISO/IEC 15948 (chunks) and its third edition (eXIf); pixels by libpng.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "image/decode.h"
#include "image/image.h"

namespace spinenet::image {

struct PngHeader {
  ImageSize stored;
  int orientation = 1;
  int64_t packed_bytes = 0;  // of the pixels before compression
};

bool is_png(std::span<const uint8_t> bytes);

// Nothing when the bytes are no PNG header. eXIf may stand behind the pixels, so this wants the whole file.
std::optional<PngHeader> parse_png_header(std::span<const uint8_t> bytes);

// The size has been held against the limits by the caller.
Image decode_png_pixels(std::span<const uint8_t> bytes, const PngHeader& header, std::string_view place);

}  // namespace spinenet::image
