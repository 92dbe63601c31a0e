// JPEG, PNG, WebP, TIFF and BMP files to upright 8-bit RGB images.
//
// Rules: the format is told by the first bytes, never by the file's name. The EXIF orientation (JPEG APP1, PNG eXIf,
// WebP EXIF, the tag of TIFF itself) is applied, so pixels and sizes are those a viewer shows. Grey and palette become
// RGB, 16-bit samples are scaled to 8, CMYK and YCCK are converted, alpha is dropped (the colours behind it stay, as
// OpenCV does), of an animated PNG the default image is taken, of a TIFF the first page, bytes after the end of the
// image are ignored.
//
// Invariant: an image comes back whole or not at all. A cut or corrupt stream is ErrorKind::bad_data naming the place
// and the remedy; pixels never come from an earlier image. Too large or too narrow an image is refused from its header,
// before anything of its size is allocated.
//
// Thread contract: every function may be called from several threads.
//
// Source: ITU-T T.81 (JPEG), ISO/IEC 15948 and its third edition (PNG, eXIf), RFC 9649 (WebP), TIFF 6.0, the bitmap
// headers of Windows (BMP), CIPA DC-008 (EXIF).
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "image/image.h"

namespace spinenet::image {

struct DecodeLimits {
  int64_t max_pixels = int64_t{64} << 20;  // height * width
  int max_side = 65535;                    // the longest that JPEG knows
  int max_ratio = 1000;                    // of the longer side to the shorter one: scaled to a network's input of some
                                           // hundred pixels, the shorter side would be less than one of them
  int64_t max_bytes = int64_t{128} << 20;  // of the file
  int max_scans = 100;                     // of one JPEG; encoders write about ten
};

struct ImageSize {
  int height = 0, width = 0;
  bool operator==(const ImageSize&) const = default;
};

// Why an image of this size is refused, as in "an image of 1 x 67000000 (height x width) exceeds ..."; "" when it is
// not.
std::string objection_to(ImageSize size, const DecodeLimits& limits = {});

// `place` (a path, a request's field) only appears in messages.
Image decode_image(std::span<const uint8_t> bytes, std::string_view place, const DecodeLimits& limits = {});
// The bytes of an image's file, for decode_image; refused as there when there are more than max_bytes, before any is
// read. ErrorKind::io when the file cannot be read.
std::string read_limited(const std::filesystem::path& path, const DecodeLimits& limits = {});
// As decode_image; ErrorKind::io when the file cannot be read.
Image read_image(const std::filesystem::path& path, const DecodeLimits& limits = {});

// The upright size, from the header alone: no limit of size applies and the pixels may be missing or broken.
ImageSize image_size(std::span<const uint8_t> bytes, std::string_view place);
// Of a file; a size that read_image would refuse is refused.
ImageSize read_image_size(const std::filesystem::path& path);

}  // namespace spinenet::image
