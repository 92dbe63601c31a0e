#include "detect/letterbox.h"

#include <algorithm>
#include <cmath>

namespace spinenet::detect {

Letterbox fit_letterbox(int height, int width, int canvas_height, int canvas_width) {
  const double scale = std::min(static_cast<double>(canvas_height) / height, static_cast<double>(canvas_width) / width);
  Letterbox l{height, width};
  l.inner_height = std::clamp(static_cast<int>(std::lround(height * scale)), 1, canvas_height);
  l.inner_width = std::clamp(static_cast<int>(std::lround(width * scale)), 1, canvas_width);
  l.scale_y = static_cast<float>(l.inner_height) / static_cast<float>(height);
  l.scale_x = static_cast<float>(l.inner_width) / static_cast<float>(width);
  return l;
}

Box to_canvas(const Box& box, const Letterbox& l) {
  return {box.x1 * l.scale_x, box.y1 * l.scale_y, box.x2 * l.scale_x, box.y2 * l.scale_y};
}

Box from_canvas(const Box& box, const Letterbox& l) {
  return clip({box.x1 / l.scale_x, box.y1 / l.scale_y, box.x2 / l.scale_x, box.y2 / l.scale_y},
              static_cast<float>(l.width), static_cast<float>(l.height));
}

}  // namespace spinenet::detect
