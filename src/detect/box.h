// Boxes as x1, y1, x2, y2 in pixels (float, edges at pixel borders: a box over one pixel is 1 wide). x2 >= x1, y2 >=
// y1.
#pragma once

#include <algorithm>

namespace spinenet::detect {

struct Box {
  float x1 = 0, y1 = 0, x2 = 0, y2 = 0;

  float width() const { return x2 - x1; }
  float height() const { return y2 - y1; }
  float area() const { return width() * height(); }
  bool operator==(const Box&) const = default;
};

// Of an image, or of what is seen of one, in pixels.
struct Extent {
  int height = 0, width = 0;
};

// Intersection over union; 0 where either box has no area.
inline float iou(const Box& a, const Box& b) {
  const float w = std::min(a.x2, b.x2) - std::max(a.x1, b.x1);
  const float h = std::min(a.y2, b.y2) - std::max(a.y1, b.y1);
  if (w <= 0 || h <= 0) return 0;
  const float shared = w * h;
  return shared / (a.area() + b.area() - shared);
}

inline Box clip(const Box& b, float width, float height) {
  return {std::clamp(b.x1, 0.0F, width), std::clamp(b.y1, 0.0F, height), std::clamp(b.x2, 0.0F, width),
          std::clamp(b.y2, 0.0F, height)};
}

}  // namespace spinenet::detect
