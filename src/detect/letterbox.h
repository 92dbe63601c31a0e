// How an image lies in the canvas of a network's input: scaled so that its longer side fits, at the top left, padded
// at the bottom and on the right, or stretched to all of it; and how boxes go from one to the other.
//
// Invariant: the two axes are scaled by their own true ratio of pixels, so boxes stay on their objects to the last
// pixel. Thread contract: pure functions.
#pragma once

#include <vector>

#include "base/enum_names.h"
#include "detect/box.h"
#include "detect/detections.h"

namespace spinenet::detect {

struct Letterbox {
  int height = 0, width = 0;              // of the image
  int inner_height = 0, inner_width = 0;  // of the image on the canvas
  float scale_y = 1, scale_x = 1;         // pixels of the canvas for one of the image
};

// Stretched, each side is scaled by itself, as Darknet does; else both by one ratio.
enum class ImageFit { letterbox, stretch };
constexpr auto names(ImageFit) {
  using enum ImageFit;
  return named<ImageFit>({{letterbox, "letterbox"}, {stretch, "stretch"}});
}

// All sizes are positive.
Letterbox fit_letterbox(int height, int width, int canvas_height, int canvas_width, ImageFit fit = ImageFit::letterbox);

// From the image to the canvas, and back (clipped to the image).
Box to_canvas(const Box& box, const Letterbox& letterbox);
Box from_canvas(const Box& box, const Letterbox& letterbox);

// Detections in pixels of the canvas as those of the image, without those of which nothing lies on it: what was found
// in the padding, or is cut to a line at the edge.
std::vector<Detection> from_canvas(std::vector<Detection> found, const Letterbox& letterbox);

}  // namespace spinenet::detect
