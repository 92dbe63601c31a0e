// Images as the input of a network: each scaled to fit, or stretched, at the top left of its square, padded with the
// mean colour, normalised.
//
// Thread contract: pure function.
#pragma once

#include <span>
#include <vector>

#include "base/host_tensor.h"
#include "detect/letterbox.h"
#include "image/canvas.h"
#include "image/image.h"

namespace spinenet::runtime {

struct InputShape {
  int image_size = 640;  // the longer side of an image; both of a stretched one
  int side = 640;        // of the square
  detect::ImageFit fit = detect::ImageFit::letterbox;
};

struct NetworkInput {
  HostTensor pixels;                           // [N, 3, side, side]
  std::vector<detect::Letterbox> letterboxes;  // of each image
};

NetworkInput make_input(std::span<const image::Image> images, const InputShape& shape,
                        const image::Normalization& normalization);

}  // namespace spinenet::runtime
