// Which format the bytes of a file are in: told by what they begin with, never by the file's name.
//
// Thread contract: pure functions.
// Source: ITU-T T.81 (JPEG), ISO/IEC 15948 (PNG), RFC 9649 (WebP), TIFF 6.0, the bitmap headers of Windows and OS/2
// (BMP); the marks of others as those formats' own standards have them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/enum_names.h"

namespace spinenet::image {

// What decode.h reads.
enum class Format { jpeg, png, webp, tiff, bmp };
constexpr auto names(Format) {
  using enum Format;
  return named<Format>({{jpeg, "JPEG"}, {png, "PNG"}, {webp, "WebP"}, {tiff, "TIFF"}, {bmp, "BMP"}});
}

// So many first bytes tell the format.
inline constexpr size_t kFormatBytes = 32;

// Nothing where the bytes are no image, or one in a format that is not read.
std::optional<Format> format_of(std::span<const uint8_t> bytes);

// The name of an image format that is not read, such as GIF, or "".
std::string_view foreign_format(std::span<const uint8_t> bytes);

}  // namespace spinenet::image
