#include "detect/yolo_cells.h"

namespace spinenet::detect {

std::vector<std::array<float, 5>> yolo_cells(std::span<const YoloLevel> levels, Extent input) {
  std::vector<std::array<float, 5>> cells;
  for (const YoloLevel& level : levels) {
    const double before = (static_cast<double>(level.scale_xy) - 1) / 2;
    const auto range = static_cast<float>(static_cast<double>(level.scale_xy) * level.stride);
    for (int row = 0; row < input.height / level.stride; ++row) {
      for (int column = 0; column < input.width / level.stride; ++column) {
        const auto x = static_cast<float>((column - before) * level.stride);
        const auto y = static_cast<float>((row - before) * level.stride);
        for (const auto& [width, height] : level.anchors) cells.push_back({x, y, range, width, height});
      }
    }
  }
  return cells;
}

}  // namespace spinenet::detect
