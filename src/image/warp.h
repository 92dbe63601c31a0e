// Images and masks turned and sheared.
//
// Places are continuous: pixel (0, 0) covers [0, 1) x [0, 1). Images are interpolated linearly, masks take the nearest
// pixel, and both run in the calling thread.
// Thread contract: pure functions.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "image/image.h"

namespace spinenet::image {

// (x, y) to (xx * x + xy * y + x0, yx * x + yy * y + y0).
struct Affine {
  double xx = 1, xy = 0, x0 = 0;
  double yx = 0, yy = 1, y0 = 0;

  std::array<double, 2> of(double x, double y) const { return {xx * x + xy * y + x0, yx * x + yy * y + y0}; }
};

// Turned by `degrees` from x to y, after a shear of x along y and of y along x by the tangents of two angles, about a
// centre that stays where it is.
struct Turn {
  double degrees = 0, shear_x = 0, shear_y = 0;
  double center_x = 0, center_y = 0;
};
Affine affine_of(const Turn& turn);
// ErrorKind::usage where it has none.
Affine inverse(const Affine& affine);

// Of the same size; what comes from outside of the image has kMeanColor.
Image warp(const Image& image, const Affine& affine);
// Bytes of 0 and 1, [height, width]; 0 comes from outside.
std::vector<uint8_t> warp_mask(std::span<const uint8_t> mask, int height, int width, const Affine& affine);

}  // namespace spinenet::image
