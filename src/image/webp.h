// The WebP part of decode.h: what the header says, and the pixels as they are stored.
//
// Thread contract: plain functions of their arguments.
// Source: RFC 9649 (WebP: RIFF chunks, EXIF); pixels by libwebp.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "image/decode.h"
#include "image/image.h"

namespace spinenet::image {

struct WebpHeader {
  ImageSize stored;
  int orientation = 1;
  bool is_animated = false;
};

bool is_webp(std::span<const uint8_t> bytes);

// Nothing when the bytes are no WebP header. The EXIF chunk stands behind the pixels, so this wants the whole file.
std::optional<WebpHeader> parse_webp_header(std::span<const uint8_t> bytes);

// The size has been held against the limits by the caller.
Image decode_webp_pixels(std::span<const uint8_t> bytes, const WebpHeader& header, std::string_view place);

}  // namespace spinenet::image
