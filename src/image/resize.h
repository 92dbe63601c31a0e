// Images to another size: resampled, cropped, padded, pasted, mirrored.
//
// Resampling averages areas where it shrinks and interpolates linearly where it enlarges, axis by axis (docs/export.md
// has the rule for those who prepare images elsewhere); it is
// deterministic and runs in the calling thread (OpenCV is set to one thread for the whole process on first use, since
// the callers are themselves parallel).
//
// Thread contract: every function may be called from several threads on different targets.
#pragma once

#include <cstdint>

#include "image/image.h"

namespace spinenet::image {

// ErrorKind::usage when the source is empty or the size is not positive.
Image resize(const Image& image, int height, int width);

// The part from (x1, y1) up to, without, (x2, y2), which must lie inside the image and not be empty.
Image crop(const Image& image, int x1, int y1, int x2, int y2);

Image flip_horizontal(const Image& image);

// The image in the top left corner of a canvas at least as large.
Image pad(const Image& image, int height, int width, uint8_t fill = 0);

// Copies `source` over `target` with its top left corner at (x, y); what falls outside is left out.
void paste(const Image& source, Image& target, int x, int y);

}  // namespace spinenet::image
