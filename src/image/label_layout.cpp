#include "image/label_layout.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace spinenet::image {
namespace {

constexpr double kLabelWeight = 4;

int64_t size_of(const PixelArea& area) {
  return int64_t{area.width} * area.height;
}

int64_t common(const PixelArea& a, const PixelArea& b) {
  const int width = std::min(a.x + a.width, b.x + b.width) - std::max(a.x, b.x);
  const int height = std::min(a.y + a.height, b.y + b.height) - std::max(a.y, b.y);
  return width <= 0 || height <= 0 ? 0 : int64_t{width} * height;
}

double share(const PixelArea& place, const PixelArea& of) {
  const int64_t covered = common(place, of);
  return covered == 0 ? 0 : static_cast<double>(covered) / static_cast<double>(size_of(of));
}

using Corner = std::array<int, 2>;  // x, y of a label

std::vector<Corner> corners_at(const PixelArea& object, const LabelSize& size) {
  const int left = object.x, right = object.x + object.width - size.width;
  const int top = object.y, bottom = object.y + object.height - size.height;
  const int above = object.y - size.height, below = object.y + object.height;
  const int before = object.x - size.width, behind = object.x + object.width;
  const int middle = left + (object.width - size.width) / 2;
  return {{left, above},   {right, above}, {middle, above}, {left, below},    {right, below},
          {middle, below}, {behind, top},  {before, top},   {behind, bottom}, {before, bottom},
          {left, top},     {right, top},   {left, bottom},  {right, bottom}};
}

std::vector<Corner> corners_at(const PixelArea& object, const Tips& tips, const LabelSize& size) {
  const int above = object.y - size.height, below = object.y + object.height;
  const int before = object.x - size.width, behind = object.x + object.width;
  std::vector<Corner> corners;
  // The label's middle at the tip, then its ends.
  for (const int back : {size.width / 2, size.width / 8, size.width - size.width / 8}) {
    corners.push_back({tips.above - back, above});
    corners.push_back({tips.below - back, below});
  }
  for (const int up : {size.height / 2, 0, size.height}) {
    corners.push_back({behind, tips.right - up});
    corners.push_back({before, tips.left - up});
  }
  corners.push_back({object.x + (object.width - size.width) / 2, object.y + (object.height - size.height) / 2});
  return corners;
}

}  // namespace

PixelArea cut(const PixelArea& area, int height, int width) {
  const int x1 = std::clamp(area.x, 0, width), x2 = std::clamp(area.x + area.width, 0, width);
  const int y1 = std::clamp(area.y, 0, height), y2 = std::clamp(area.y + area.height, 0, height);
  return {x1, y1, x2 - x1, y2 - y1};
}

std::vector<PixelArea> label_places(const LabelledObject& object, const LabelSize& size, int height, int width) {
  std::vector<PixelArea> places;
  if (size.width > width || size.height > height) return places;
  const PixelArea& area = object.area;
  for (const auto& [x, y] : object.tips ? corners_at(area, *object.tips, size) : corners_at(area, size)) {
    const PixelArea place{std::clamp(x, 0, width - size.width), std::clamp(y, 0, height - size.height), size.width,
                          size.height};
    if (std::ranges::find(places, place) == places.end()) places.push_back(place);
  }
  return places;
}

double hidden_by(const PixelArea& place, std::span<const LabelledObject> objects,
                 std::span<const std::optional<PixelArea>> labels) {
  double hidden = 0;
  for (const LabelledObject& object : objects) hidden += share(place, object.area);
  for (const std::optional<PixelArea>& label : labels) {
    if (label) hidden += kLabelWeight * share(place, *label);
  }
  return hidden;
}

std::vector<std::optional<PixelArea>> place_labels(std::span<const LabelledObject> objects,
                                                   std::span<const LabelSize> sizes, int height, int width) {
  std::vector<std::optional<PixelArea>> labels(objects.size());
  const size_t most = std::min(objects.size(), static_cast<size_t>(kMostLabels));
  for (size_t i = 0; i < most; ++i) {
    if (sizes[i].width == 0 || size_of(objects[i].area) == 0) continue;
    double least = kMostHidden;
    for (const PixelArea& place : label_places(objects[i], sizes[i], height, width)) {
      const double hidden = hidden_by(place, objects, std::span(labels).first(i));
      if (hidden > least || (labels[i] && hidden == least)) continue;
      labels[i] = place;
      least = hidden;
    }
  }
  return labels;
}

}  // namespace spinenet::image
