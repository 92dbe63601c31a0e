#include "image/canvas.h"

#include <algorithm>

#include "image/resize.h"

namespace spinenet::image {
Image on_canvas(const Image& image, int height, int width) {
  if (image.height == height && image.width == width) return image;
  Image canvas = make_image(height, width);
  for (size_t i = 0; i < canvas.pixels.size(); i += 3) {
    std::ranges::copy(kMeanColor, canvas.pixels.begin() + static_cast<std::ptrdiff_t>(i));
  }
  paste(image, canvas, 0, 0);
  return canvas;
}

void normalize(const Image& image, const Normalization& normalization, std::span<float> out) {
  const size_t plane = image.pixels.size() / 3;
  std::array<float, 3> scale{};
  std::array<float, 3> shift{};
  for (size_t c = 0; c < 3; ++c) {
    scale[c] = 1 / (255 * normalization.deviation[c]);
    shift[c] = -normalization.mean[c] / normalization.deviation[c];
  }
  const uint8_t* from = image.pixels.data();
  float* red = out.data();
  float* green = red + plane;
  float* blue = green + plane;
  for (size_t i = 0; i < plane; ++i) {
    red[i] = static_cast<float>(from[3 * i]) * scale[0] + shift[0];
    green[i] = static_cast<float>(from[3 * i + 1]) * scale[1] + shift[1];
    blue[i] = static_cast<float>(from[3 * i + 2]) * scale[2] + shift[2];
  }
}

}  // namespace spinenet::image
