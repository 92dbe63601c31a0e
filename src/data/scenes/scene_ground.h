// What a scene has besides its objects: the ground (gradient, cloud-like noise, grain) and distractors, which are plain
// or patterned shapes and torn pieces of garments.
//
// Thread contract: every function may be called from several threads with Randoms of their own.
#pragma once

#include "base/random.h"
#include "data/scenes/garment.h"
#include "image/image.h"

namespace spinenet::data {

struct GroundLook {
  double contrast = 0.1;  // between the ends of the gradient
  double clouds = 0;      // amplitude of the noise over all octaves
  double grain = 0.01;    // amplitude of the noise of single pixels
  bool pale = false;      // keep to light, weak colours
};
image::Image paint_ground(int height, int width, const GroundLook& look, Random& random);

// A rectangle, ellipse, ring, triangle or bar about `size` pixels long, at the origin.
Cutout render_shape(double size, Random& random);

// Keeps a disc of the garment with a quarter of its size at most: a piece that no longer shows what it was.
Cutout tear_fragment(Cutout garment, Random& random);

void lay(const Cutout& cutout, image::Image& scene);

}  // namespace spinenet::data
