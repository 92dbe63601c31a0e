// One line of text on an image: how much room it takes, shortened to a width, and drawn on a ground that lets the image
// through as far as the letters stay legible.
//
// A text's size is the height of its capitals in pixels. Letters outside ASCII appear as '?'.
// Thread contract: every function may be called from several threads on different images.
#pragma once

#include <string>
#include <string_view>

#include "image/image.h"
#include "image/label_layout.h"
#include "image/palette.h"

namespace spinenet::image {

// Of a label: the text with its margins.
LabelSize label_size(std::string_view text, int capitals);

// `name` and, behind a space, `detail`, where that is no wider than `width` pixels as a label; else the name is cut and
// ends in "...". Of the detail nothing is cut: where it does not fit, it is left out; "" where not one letter does.
std::string label_text(const std::string& name, const std::string& detail, int capitals, int width);

// How a label on this part of an image looks.
struct LabelLook {
  Color ink;
  float strength = 1;  // of the ground's colour; 1 hides the image
};
// The least strength from 0.6 on with which every pixel of the ground has a contrast of at least 4.5 to the ink (WCAG
// 2, level AA).
LabelLook label_look(const Image& image, const PixelArea& area, Color color);

// `area` has the size of label_size and lies inside the image. The edge of the ground has the colour itself.
void draw_label(Image& image, const PixelArea& area, std::string_view text, int capitals, Color color);

}  // namespace spinenet::image
