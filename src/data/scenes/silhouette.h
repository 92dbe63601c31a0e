// The garment of a photograph as something that can be resampled: where it is and what grey it has, over a grid with a
// margin, without the dark fringe that a garment has against its black ground.
//
// Thread contract: pure functions.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "data/classes/fashion_mnist.h"

namespace spinenet::data {

// Which pixels belong to the garment: all but the dark ones that hang together with the border, and the gaps of sandals
// and under the handles of bags.
std::array<bool, kGarmentPixels> silhouette(std::span<const uint8_t, kGarmentPixels> photo, int label);

inline constexpr int kReliefMargin = 4;
inline constexpr int kReliefSide = kGarmentSize + 2 * kReliefMargin;

struct Texel {
  float cover = 0;  // 0 outside, 1 inside, softened by one pixel so that the outline is smooth when enlarged
  float grey = 0;   // 0 to 1; carried some pixels beyond the outline
};

struct Relief {
  std::array<Texel, kReliefSide * kReliefSide> texels;
  int y1 = 0, x1 = 0, y2 = kGarmentSize, x2 = kGarmentSize;  // extent of the garment in the photograph
};
Relief make_relief(std::span<const uint8_t, kGarmentPixels> photo, int label);

// By bicubic interpolation at a place in the photograph, pixel centres at integers plus a half; further out than
// the margin the nearest value within.
Texel sample(const Relief& relief, float y, float x);

}  // namespace spinenet::data
