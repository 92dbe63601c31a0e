// Which object each pixel of an image shows, where objects have masks, and those masks painted: an even tint inside an
// edge of the full colour, so that two that touch have two edges between them.
//
// Thread contract: every function may be called from several threads on different images.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "image/image.h"
#include "image/label_layout.h"
#include "image/palette.h"

namespace spinenet::image {

// The pixels of one object within a rectangle around them.
struct MaskWindow {
  PixelArea area;
  std::vector<uint8_t> pixels;  // [area.height, area.width]; not 0: the object's
};

// For an image of other sides, which are `scale_x` and `scale_y` times as long: its outline is interpolated linearly.
MaskWindow resized(const MaskWindow& mask, double scale_y, double scale_x);

constexpr int32_t kNobody = -1;

struct InstanceMap {
  int height = 0, width = 0;
  std::vector<int32_t> owner;  // [height, width]; kNobody where no mask is

  int32_t at(int y, int x) const {
    return owner[static_cast<size_t>(y) * static_cast<size_t>(width) + static_cast<size_t>(x)];
  }
};

// Smaller masks lie over larger ones, and of equal ones the former over the latter, so that none is hidden by what it
// lies on. What reaches beyond the image is cut off.
InstanceMap make_instance_map(std::span<const MaskWindow> masks, int height, int width);

// For each mask those that it meets at an edge or a corner, or across a gap of fewer than `gap` pixels.
std::vector<std::vector<int>> touching(const InstanceMap& map, size_t masks, int gap);

// For each mask the rectangle around what is seen of it, with its tips; without an area where nothing is.
std::vector<LabelledObject> extents(const InstanceMap& map, size_t masks);

// For each mask the mean colour of the image under it.
std::vector<Color> grounds(const Image& image, const InstanceMap& map, size_t masks);

struct MaskLook {
  int line = 1;           // pixels of the edge
  float strength = 0.4F;  // of the tint inside it; 0 leaves the image as it is
};
// A dark rim of a pixel lies around all of them, which shows them on a ground of their own colour.
void paint(Image& image, const InstanceMap& map, std::span<const MaskWindow> masks, std::span<const Color> colors,
           const MaskLook& look);

}  // namespace spinenet::image
