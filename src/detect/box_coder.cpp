#include "detect/box_coder.h"

#include <algorithm>
#include <cmath>

namespace spinenet::detect {

BoxCode encode(const Box& box, const Box& anchor) {
  const float dy = 0.5F * (box.y1 + box.y2 - anchor.y1 - anchor.y2) / anchor.height();
  const float dx = 0.5F * (box.x1 + box.x2 - anchor.x1 - anchor.x2) / anchor.width();
  return {dy, dx, std::log(box.height() / anchor.height()), std::log(box.width() / anchor.width())};
}

Box decode(std::span<const float, 4> code, const Box& anchor) {
  const float y = 0.5F * (anchor.y1 + anchor.y2) + code[0] * anchor.height();
  const float x = 0.5F * (anchor.x1 + anchor.x2) + code[1] * anchor.width();
  const float half_height = 0.5F * anchor.height() * std::exp(std::min(code[2], kMaxLogScale));
  const float half_width = 0.5F * anchor.width() * std::exp(std::min(code[3], kMaxLogScale));
  return {x - half_width, y - half_height, x + half_width, y + half_height};
}

}  // namespace spinenet::detect
