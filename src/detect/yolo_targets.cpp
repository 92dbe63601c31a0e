#include "detect/yolo_targets.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace spinenet::detect {
namespace {

struct YoloMap {
  int rows = 0, columns = 0;
};

YoloMap map_of(const YoloAnchors& anchors, Extent input, size_t level) {
  return {input.height / anchors.strides[level], input.width / anchors.strides[level]};
}

int64_t cells_of(const YoloAnchors& anchors, Extent input, size_t level) {
  const YoloMap map = map_of(anchors, input, level);
  return int64_t{map.rows} * map.columns * static_cast<int64_t>(anchors.of_level[level].size());
}

bool has_place(const Box& box, Extent input) {
  const float x = (box.x1 + box.x2) / 2, y = (box.y1 + box.y2) / 2;
  const bool has_area = box.width() > 0 && box.height() > 0 && std::isfinite(box.area());
  return has_area && x >= 0 && y >= 0 && x < static_cast<float>(input.width) && y < static_cast<float>(input.height);
}

size_t nearest_anchor(const std::vector<AnchorSize>& sizes, const AnchorSize& size) {
  size_t best = 0;
  for (size_t a = 1; a < sizes.size(); ++a) {
    if (centred_iou(sizes[a], size) > centred_iou(sizes[best], size)) best = a;
  }
  return best;
}

// Whether an anchor has to find a box of this size, which belongs to the anchor `best`.
bool learns(const YoloAnchors& anchors, int anchor, int best, const AnchorSize& size) {
  return anchor == best || centred_iou(anchors.sizes[static_cast<size_t>(anchor)], size) > anchors.iou_threshold;
}

// The number of the first anchor cell of the level's cell that holds the centre of the box, counted in the level.
int64_t cell_at_centre(const YoloAnchors& anchors, Extent input, size_t level, const Box& box) {
  const YoloMap map = map_of(anchors, input, level);
  const auto stride = static_cast<float>(anchors.strides[level]);
  const int column = std::min(static_cast<int>((box.x1 + box.x2) / 2 / stride), map.columns - 1);
  const int row = std::min(static_cast<int>((box.y1 + box.y2) / 2 / stride), map.rows - 1);
  return (int64_t{row} * map.columns + column) * static_cast<int64_t>(anchors.of_level[level].size());
}

bool lies_in(const Box& box, std::span<const Box> crowd, float share) {
  return std::ranges::any_of(crowd, [&](const Box& region) {
    const float w = std::min(box.x2, region.x2) - std::max(box.x1, region.x1);
    const float h = std::min(box.y2, region.y2) - std::max(box.y1, region.y1);
    return w > 0 && h > 0 && w * h > share * box.area();
  });
}

Box centred(const AnchorSize& size, float x, float y) {
  return {x - size[0] / 2, y - size[1] / 2, x + size[0] / 2, y + size[1] / 2};
}

}  // namespace

float centred_iou(const AnchorSize& a, const AnchorSize& b) {
  const float shared = std::min(a[0], b[0]) * std::min(a[1], b[1]);
  return shared / (a[0] * a[1] + b[0] * b[1] - shared);
}

bool has_level(const YoloAnchors& anchors, const AnchorSize& size) {
  const auto best = static_cast<int>(nearest_anchor(anchors.sizes, size));
  return std::ranges::any_of(anchors.of_level, [&](const std::vector<int>& own) {
    return std::ranges::any_of(own, [&](int anchor) { return learns(anchors, anchor, best, size); });
  });
}

int64_t anchor_cells(const YoloAnchors& anchors, Extent input) {
  int64_t cells = 0;
  for (size_t level = 0; level < anchors.of_level.size(); ++level) cells += cells_of(anchors, input, level);
  return cells;
}

std::vector<YoloMatch> match_yolo(const YoloAnchors& anchors, Extent input, std::span<const Box> boxes) {
  std::vector<YoloMatch> matches;
  for (size_t b = 0; b < boxes.size(); ++b) {
    if (!has_place(boxes[b], input)) continue;
    const AnchorSize size{boxes[b].width(), boxes[b].height()};
    const auto best = static_cast<int>(nearest_anchor(anchors.sizes, size));
    int64_t first = 0;  // of the level
    for (size_t level = 0; level < anchors.of_level.size(); first += cells_of(anchors, input, level++)) {
      const std::vector<int>& own = anchors.of_level[level];
      const int64_t cell = first + cell_at_centre(anchors, input, level, boxes[b]);
      for (size_t a = 0; a < own.size(); ++a) {
        if (!learns(anchors, own[a], best, size)) continue;
        matches.push_back({cell + static_cast<int64_t>(a), static_cast<int>(b)});
      }
    }
  }
  std::ranges::sort(matches, {}, [](const YoloMatch& match) { return std::pair(match.cell, match.box); });
  return matches;
}

std::vector<int64_t> crowded_cells(const YoloAnchors& anchors, Extent input, std::span<const Box> crowd, float share) {
  std::vector<int64_t> crowded;
  if (crowd.empty()) return crowded;
  int64_t cell = 0;
  for (size_t level = 0; level < anchors.of_level.size(); ++level) {
    const YoloMap map = map_of(anchors, input, level);
    const auto stride = static_cast<float>(anchors.strides[level]);
    for (int at = 0; at < map.rows * map.columns; ++at) {
      const int row = at / map.columns, column = at % map.columns;
      const float x = (static_cast<float>(column) + 0.5F) * stride, y = (static_cast<float>(row) + 0.5F) * stride;
      for (const int anchor : anchors.of_level[level]) {
        if (lies_in(centred(anchors.sizes[static_cast<size_t>(anchor)], x, y), crowd, share)) crowded.push_back(cell);
        ++cell;
      }
    }
  }
  return crowded;
}

}  // namespace spinenet::detect
