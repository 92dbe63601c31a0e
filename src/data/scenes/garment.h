// An image cut out of its ground, to be laid on a scene, and how one is made of a garment photograph: the silhouette
// is found, and its grey values are tinted and resampled smoothly to the size wanted, turned and mirrored.
//
// Thread contract: every function may be called from several threads.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "base/random.h"
#include "data/classes/fashion_mnist.h"
#include "image/image.h"

namespace spinenet::data {

using Rgb = std::array<float, 3>;  // 0 to 1

// A sample of 0 to 1, what lies beyond cut off, as 0 to 255.
inline uint8_t to_byte(float value) {
  return static_cast<uint8_t>(std::clamp(value * 255 + 0.5F, 0.0F, 255.0F));
}

// Hue in turns, saturation and value in 0 to 1.
Rgb hsv(double hue, double saturation, double value);

// Invariant: alpha.size() == color.height * color.width; 0 is clear, 255 covers.
struct Cutout {
  int top = 0, left = 0;  // place on the scene; may lie outside
  image::Image color;
  std::vector<uint8_t> alpha;
  int label = -1;  // Fashion-MNIST label, -1 for what is not an object

  bool solid(int y, int x) const { return alpha[static_cast<size_t>(y) * color.width + x] >= 128; }
};

struct GarmentLook {
  int label = 0;        // Fashion-MNIST label
  double size = 28;     // pixels of the garment's longer side before it is turned
  double rotation = 0;  // radians
  bool mirrored = false;
  Rgb tint = {1, 1, 1};
};

// The cloth's grain is drawn from `random`. The cutout is no larger than the turned garment.
Cutout render_garment(std::span<const uint8_t, kGarmentPixels> photo, const GarmentLook& look, Random& random);

}  // namespace spinenet::data
