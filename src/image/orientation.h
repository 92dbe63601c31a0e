// The EXIF orientation: which way a stored image must be turned to stand upright.
//
// Invariant: an orientation is 1 to 8; a missing, broken or out-of-range tag is 1 (as stored).
// Thread contract: plain functions of their arguments.
// Source: CIPA DC-008 (EXIF), tag 0x0112 of the TIFF 6.0 directory IFD0.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>

#include "image/decode.h"
#include "image/image.h"

namespace spinenet::image {

// `tiff` is the EXIF block from its byte order mark on; a leading "Exif\0\0" is skipped.
int exif_orientation(std::span<const uint8_t> tiff);

// The size and the image after turning.
ImageSize upright_size(ImageSize stored, int orientation);
Image upright(Image stored, int orientation);

// Of a file, the size before that; errors as read_image_size.
ImageSize read_stored_size(const std::filesystem::path& path);

}  // namespace spinenet::image
