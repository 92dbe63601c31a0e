// Images to PNG (lossless) and JPEG bytes. The same image gives the same bytes.
//
// Thread contract: both functions may be called from several threads.
#pragma once

#include <string>

#include "image/image.h"

namespace spinenet::image {

std::string encode_png(const Image& image);
// Quality 1 to 100; from 90 on colour keeps its full resolution, so thin coloured lines stay sharp.
std::string encode_jpeg(const Image& image, int quality = 92);

}  // namespace spinenet::image
