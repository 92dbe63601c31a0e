// The middle of an image as the square input of a classifier: the image that its accuracy is measured on.
//
// Thread contract: pure function.
#pragma once

#include "image/image.h"

namespace spinenet::image {

// A square in the middle, `share` (above 0, at most 1) of the shorter side wide, scaled to size x size.
Image center_crop(const Image& image, int size, double share);

}  // namespace spinenet::image
