#include "detect/letterbox.h"

#include <algorithm>
#include <cmath>

namespace spinenet::detect {

Letterbox fit_letterbox(int height, int width, int canvas_height, int canvas_width, ImageFit fit) {
  const double scale = std::min(static_cast<double>(canvas_height) / height, static_cast<double>(canvas_width) / width);
  Letterbox l{height, width};
  l.inner_height = std::clamp(static_cast<int>(std::lround(height * scale)), 1, canvas_height);
  l.inner_width = std::clamp(static_cast<int>(std::lround(width * scale)), 1, canvas_width);
  if (fit == ImageFit::stretch) {
    l.inner_height = canvas_height;
    l.inner_width = canvas_width;
  }
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

std::vector<Detection> from_canvas(std::vector<Detection> found, const Letterbox& letterbox) {
  const auto has_no_area = [](const Box& box) { return !(box.width() > 0 && box.height() > 0); };
  const auto width = static_cast<float>(letterbox.inner_width), height = static_cast<float>(letterbox.inner_height);
  // Both before and afterwards: the division could round the edge of the padding to just within the image.
  std::erase_if(found, [&](const Detection& d) { return has_no_area(clip(d.box, width, height)); });
  for (Detection& detection : found) detection.box = from_canvas(detection.box, letterbox);
  std::erase_if(found, [&](const Detection& d) { return has_no_area(d.box); });
  return found;
}

}  // namespace spinenet::detect
