// The JPEG half of decode.h: what the header says, and the pixels as they are stored.
//
// Thread contract: plain functions of their arguments.
// Source: ITU-T T.81, annex B (markers); pixels by libjpeg-turbo.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "image/decode.h"
#include "image/image.h"

namespace spinenet::image {

enum class JpegCoding { huffman, arithmetic, lossless };

struct JpegHeader {
  ImageSize stored;
  int orientation = 1;
  int sample_bits = 8;
  JpegCoding coding = JpegCoding::huffman;
};

bool is_jpeg(std::span<const uint8_t> bytes);

// Reads up to the first scan; nothing when the bytes end before it or are no JPEG header. A prefix of a file may do.
std::optional<JpegHeader> parse_jpeg_header(std::span<const uint8_t> bytes);

// The number of scans; counting stops above `enough`.
int count_jpeg_scans(std::span<const uint8_t> bytes, int enough);

// Size and scans have been held against the limits by the caller.
Image decode_jpeg_pixels(std::span<const uint8_t> bytes, const JpegHeader& header, std::string_view place);

}  // namespace spinenet::image
