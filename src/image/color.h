// Colour changes for augmentation. A factor of 1 (hue: a shift of 0) changes nothing.
//
// Thread contract: every function may be called from several threads on different images.
#pragma once

#include "image/image.h"

namespace spinenet::image {

// Every sample times `factor`; 0 gives black.
void adjust_brightness(Image& image, float factor);
// Away from (above 1) or towards (below 1) the image's mean grey.
void adjust_contrast(Image& image, float factor);
// Away from or towards each pixel's own grey; 0 gives a grey image.
void adjust_saturation(Image& image, float factor);
// Turns the colour circle by `shift` turns: 1/3 makes red green, green blue and blue red.
void adjust_hue(Image& image, float shift);

}  // namespace spinenet::image
