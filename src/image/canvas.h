// The input of a network from an image: on a canvas of the input's size, then as normalised floats, channel by
// channel.
//
// Thread contract: pure functions.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "image/image.h"

namespace spinenet::image {

// Per channel R, G, B of samples scaled to 0 to 1; those of ImageNet.
struct Normalization {
  std::array<float, 3> mean = {0.485F, 0.456F, 0.406F};
  std::array<float, 3> deviation = {0.229F, 0.224F, 0.225F};
};

// ImageNet's mean, as bytes: what stands where no image is.
inline constexpr std::array<uint8_t, 3> kMeanColor = {124, 116, 104};

// The image at the top left; the rest has ImageNet's mean colour, near zero once normalised.
Image on_canvas(const Image& image, int height, int width);

// HWC bytes to CHW floats, (x / 255 - mean) / deviation; out.size() == image.pixels.size().
void normalize(const Image& image, const Normalization& normalization, std::span<float> out);

}  // namespace spinenet::image
