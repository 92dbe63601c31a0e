#include "image/center_crop.h"

#include <algorithm>
#include <cmath>

#include "image/resize.h"

namespace spinenet::image {

Image center_crop(const Image& image, int size, double share) {
  const int shorter = std::min(image.height, image.width);
  const int side = std::clamp(static_cast<int>(std::lround(share * shorter)), 1, std::max(shorter, 1));
  const int y = (image.height - side) / 2;
  const int x = (image.width - side) / 2;
  return resize(crop(image, x, y, x + side, y + side), size, size);
}

}  // namespace spinenet::image
