#include <cstring>

#include "image/jpeg.h"
#include "image/orientation.h"

namespace spinenet::image {
namespace {

enum Marker : uint8_t { soi = 0xD8, eoi = 0xD9, sos = 0xDA, app1 = 0xE1, tem = 0x01 };

struct Segment {
  uint8_t marker = 0;
  std::span<const uint8_t> content;
};

bool is_restart(uint8_t marker) {
  return marker >= 0xD0 && marker <= 0xD7;
}

// Start of a frame: C0 to CF without DHT (C4), JPG (C8) and DAC (CC).
bool is_frame(uint8_t marker) {
  return (marker & 0xF0) == 0xC0 && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
}

JpegCoding coding_of(uint8_t frame_marker) {
  if (frame_marker <= 0xC2) return JpegCoding::huffman;
  if (frame_marker == 0xC9 || frame_marker == 0xCA) return JpegCoding::arithmetic;
  return JpegCoding::lossless;  // or hierarchical
}

// The next marker at or after `position` that is not a restart, over coded data and stray bytes; moves `position`
// behind its segment.
std::optional<Segment> next_segment(std::span<const uint8_t> bytes, size_t& position) {
  while (position < bytes.size()) {
    const void* found = std::memchr(bytes.data() + position, 0xFF, bytes.size() - position);
    if (found == nullptr) return std::nullopt;
    position = static_cast<size_t>(static_cast<const uint8_t*>(found) - bytes.data());
    while (position < bytes.size() && bytes[position] == 0xFF) ++position;
    if (position == bytes.size()) return std::nullopt;
    const uint8_t marker = bytes[position++];
    if (marker == 0 || marker == tem || is_restart(marker)) continue;
    if (marker == soi || marker == eoi) return Segment{marker, {}};
    if (bytes.size() - position < 2) return std::nullopt;
    const size_t length = static_cast<size_t>(bytes[position]) << 8 | bytes[position + 1];
    if (length < 2 || bytes.size() - position < length) return std::nullopt;
    const Segment segment{marker, bytes.subspan(position + 2, length - 2)};
    position += length;
    return segment;
  }
  return std::nullopt;
}

bool is_exif(std::span<const uint8_t> content) {
  return content.size() > 6 && std::memcmp(content.data(), "Exif\0\0", 6) == 0;
}

}  // namespace

bool is_jpeg(std::span<const uint8_t> bytes) {
  return bytes.size() >= 3 && bytes[0] == 0xFF && bytes[1] == soi && bytes[2] == 0xFF;
}

std::optional<JpegHeader> parse_jpeg_header(std::span<const uint8_t> bytes) {
  if (!is_jpeg(bytes)) return std::nullopt;
  JpegHeader header;
  bool has_frame = false;
  bool has_exif = false;
  size_t position = 2;
  while (const auto segment = next_segment(bytes, position)) {
    const auto content = segment->content;
    if (segment->marker == eoi || segment->marker == soi) return std::nullopt;
    if (segment->marker == sos) return has_frame ? std::optional(header) : std::nullopt;
    if (segment->marker == app1 && !has_exif && is_exif(content)) {
      has_exif = true;
      header.orientation = exif_orientation(content);
    }
    if (is_frame(segment->marker)) {
      if (has_frame || content.size() < 6) return std::nullopt;
      has_frame = true;
      header.coding = coding_of(segment->marker);
      header.sample_bits = content[0];
      header.stored = {content[1] << 8 | content[2], content[3] << 8 | content[4]};
      if (header.stored.height == 0 || header.stored.width == 0) return std::nullopt;
    }
  }
  return std::nullopt;
}

int count_jpeg_scans(std::span<const uint8_t> bytes, int enough) {
  int scans = 0;
  size_t position = 2;
  while (scans <= enough) {
    const auto segment = next_segment(bytes, position);
    if (!segment || segment->marker == eoi) break;
    scans += segment->marker == sos ? 1 : 0;
  }
  return scans;
}

}  // namespace spinenet::image
