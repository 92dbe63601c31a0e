// Boxes, labels and masks drawn on an image. Lines and letters scale with the image, and all of it is clipped to it.
//
// Thread contract: every function may be called from several threads on different images.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "image/image.h"

namespace spinenet::image {

struct Color {
  uint8_t r = 0, g = 0, b = 0;
  bool operator==(const Color&) const = default;
};

// A strong colour for each label; neighbouring labels differ clearly. Any int is allowed.
Color class_color(int label);

struct BoxOutline {
  float x1 = 0, y1 = 0, x2 = 0, y2 = 0;  // pixels
  Color color;
  int thickness = 0;  // pixels; 0 chooses by the size of the image
};

// A box with a coordinate that is not finite is not drawn.
void draw_box(Image& image, const BoxOutline& box);

// Text on a filled ground of `color`, standing on the top left corner (x, y) of a box; inside it where there is no room
// above. Letters outside ASCII appear as '?'.
void draw_label(Image& image, int x, int y, std::string_view text, Color color);

// Tints the pixels where mask [height * width] is not zero and draws the mask's edge. Alpha 0 leaves the inside as it
// is, 1 fills it.
void draw_mask(Image& image, std::span<const uint8_t> mask, Color color, float alpha = 0.45F);

}  // namespace spinenet::image
