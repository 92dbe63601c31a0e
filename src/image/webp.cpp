#include "image/webp.h"

#include <cstring>

#include <webp/decode.h>

#include "base/error.h"
#include "image/orientation.h"

namespace spinenet::image {
namespace {

constexpr size_t kRiffHeader = 12;  // "RIFF", the length of what follows, "WEBP"
constexpr size_t kChunkHeader = 8;  // four letters and a length

bool has_mark(std::span<const uint8_t> bytes, size_t offset, std::string_view mark) {
  return bytes.size() >= offset + mark.size() && std::memcmp(bytes.data() + offset, mark.data(), mark.size()) == 0;
}

size_t chunk_length(std::span<const uint8_t> bytes, size_t offset) {
  return size_t{bytes[offset]} | size_t{bytes[offset + 1]} << 8 | size_t{bytes[offset + 2]} << 16 |
         size_t{bytes[offset + 3]} << 24;
}

// The orientation of the first whole EXIF chunk.
int webp_orientation(std::span<const uint8_t> bytes) {
  size_t position = kRiffHeader;
  while (position <= bytes.size() && bytes.size() - position >= kChunkHeader) {
    const size_t length = chunk_length(bytes, position + 4);
    if (length > bytes.size() - position - kChunkHeader) return 1;
    if (has_mark(bytes, position, "EXIF")) return exif_orientation(bytes.subspan(position + kChunkHeader, length));
    position += kChunkHeader + length + length % 2;
  }
  return 1;
}

}  // namespace

bool is_webp(std::span<const uint8_t> bytes) {
  return has_mark(bytes, 0, "RIFF") && has_mark(bytes, 8, "WEBP");
}

std::optional<WebpHeader> parse_webp_header(std::span<const uint8_t> bytes) {
  if (!is_webp(bytes)) return std::nullopt;
  WebPBitstreamFeatures features{};
  if (WebPGetFeatures(bytes.data(), bytes.size(), &features) != VP8_STATUS_OK) return std::nullopt;
  if (features.height < 1 || features.width < 1) return std::nullopt;
  return WebpHeader{{features.height, features.width}, webp_orientation(bytes), features.has_animation != 0};
}

Image decode_webp_pixels(std::span<const uint8_t> bytes, const WebpHeader& header, std::string_view place) {
  if (header.is_animated) {
    fail(ErrorKind::bad_data, "animated WebP images are not read", place,
         "store the frame that is meant as an image of its own");
  }
  Image image = make_image(header.stored.height, header.stored.width);
  const uint8_t* decoded =
      WebPDecodeRGBInto(bytes.data(), bytes.size(), image.pixels.data(), image.pixels.size(), header.stored.width * 3);
  if (decoded == nullptr) {
    fail(ErrorKind::bad_data, "cut or corrupt WebP", place, "the file is damaged; get it again or remove it");
  }
  return image;
}

}  // namespace spinenet::image
