// Images to the square a classifier learns from: a part of random area and shape, mirrored with a chance, stretched
// to the input, colours jittered. What it is measured on is image/center_crop.h.
//
// Thread contract: pure functions; the same Random gives the same image.
// Source: Szegedy et al. 2015 (Going deeper with convolutions), section 6: areas of 8 % to 100 %, ratios of 3/4 to 4/3.
#pragma once

#include "base/random.h"
#include "data/loading/augment.h"
#include "image/image.h"

namespace spinenet::data {

struct CropOptions {
  double area_min = 0.08, area_max = 1;  // share of the image
  double ratio = 4.0 / 3;                // of width to height: at most this, at least its inverse
  double center = 0.875;                 // measured on the middle of the image: this share of its shorter side
};

// ErrorKind::usage unless area_min <= area_max.
void check(const CropOptions& options);

// Of the augmentation, flip and the jitter of colours apply. size > 0.
image::Image random_crop(const image::Image& image, const CropOptions& options, const AugmentOptions& colours, int size,
                         Random& random);

}  // namespace spinenet::data
