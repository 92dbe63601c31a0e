#include "image/draw.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <utility>

#include "image/resize.h"
#include "image/text.h"

namespace spinenet::image {
namespace {

// What is drawn of each object, in pixels of the drawn image.
struct Scene {
  std::vector<std::optional<PixelArea>> boxes;  // not cut; nothing: none, or not finite
  std::vector<LabelledObject> seen;             // what labels leave visible, cut to the image
  std::vector<MaskWindow> masks;
  std::vector<Color> colors;
};

double side_of(int height, int width) {
  return std::sqrt(static_cast<double>(height) * width);
}

Image scaled(Image image, const DrawingOptions& options, int& enlarged) {
  const int longer = std::max(image.height, image.width);
  if (options.enlarge) enlarged = enlargement(image.height, image.width);
  double scale = enlarged;
  if (options.most_side > 0 && longer > options.most_side) scale = options.most_side / static_cast<double>(longer);
  if (scale == 1) return image;
  const auto side = [&](int before) { return std::max(1, static_cast<int>(std::lround(before * scale))); };
  return resize(image, side(image.height), side(image.width));
}

// Far outside is as good as just outside, and safe in integers.
int to_pixel(double coordinate, int limit) {
  return static_cast<int>(std::lround(std::clamp(coordinate, -1.0 * limit, 2.0 * limit)));
}

std::optional<PixelArea> pixels_of(const DrawnBox& box, const Image& image, double scale_y, double scale_x) {
  for (const float side : {box.x1, box.y1, box.x2, box.y2}) {
    if (!std::isfinite(side)) return std::nullopt;
  }
  const int x1 = to_pixel(box.x1 * scale_x, image.width), x2 = to_pixel(box.x2 * scale_x, image.width);
  const int y1 = to_pixel(box.y1 * scale_y, image.height), y2 = to_pixel(box.y2 * scale_y, image.height);
  // A box of less than a pixel is still seen.
  return PixelArea{x1, y1, std::max(1, x2 - x1), std::max(1, y2 - y1)};
}

bool has_pixels(const MaskWindow& mask) {
  return std::ranges::any_of(mask.pixels, [](uint8_t pixel) { return pixel != 0; });
}

Scene scene_of(std::span<const DrawnObject> objects, const Image& image, double scale_y, double scale_x) {
  Scene scene;
  for (const DrawnObject& object : objects) {
    scene.boxes.push_back(object.box ? pixels_of(*object.box, image, scale_y, scale_x) : std::nullopt);
    scene.seen.push_back({scene.boxes.back() ? cut(*scene.boxes.back(), image.height, image.width) : PixelArea(), {}});
    scene.masks.push_back(resized(object.mask, scale_y, scale_x));
    scene.colors.push_back(class_color(object.label));
  }
  return scene;
}

void tint(Image& image, const PixelArea& bar, Color color, float strength) {
  const PixelArea area = cut(bar, image.height, image.width);
  for (int y = area.y; y < area.y + area.height; ++y) {
    for (int x = area.x; x < area.x + area.width; ++x) image::tint(image.at(y, x), color, strength);
  }
}

// Four bars that grow inwards and meet without overlap.
void draw_frame(Image& image, const PixelArea& box, int line, Color color, float strength) {
  const int high = std::min(line, box.height), wide = std::min(line, box.width);
  const int inner = std::max(0, box.height - 2 * line);
  tint(image, {box.x, box.y, box.width, high}, color, strength);
  tint(image, {box.x, box.y + line + inner, box.width, std::min(high, box.height - high)}, color, strength);
  tint(image, {box.x, box.y + line, wide, inner}, color, strength);
  tint(image, {box.x + std::max(line, box.width - line), box.y + line, std::min(wide, box.width - wide), inner}, color,
       strength);
}

// A dark rim of a pixel lies around each box, which shows it on a ground of its own colour. Lines of small boxes are
// thinner: an eighth of the shorter side at most, and a pixel at least.
void draw_boxes(Image& image, const Scene& scene, const std::vector<bool>& masked, int line) {
  std::vector<size_t> order(scene.boxes.size());
  std::iota(order.rbegin(), order.rend(), size_t{0});
  const auto size = [&](size_t i) { return int64_t{scene.seen[i].area.width} * scene.seen[i].area.height; };
  std::ranges::stable_sort(order, [&](size_t a, size_t b) { return size(a) > size(b); });
  for (const size_t i : order) {
    if (masked[i] || !scene.boxes[i]) continue;
    const PixelArea& box = *scene.boxes[i];
    const int thin = std::clamp(std::min(box.height, box.width) / 8, 1, line);
    draw_frame(image, {box.x - 1, box.y - 1, box.width + 2, box.height + 2}, 1, kRim, kRimStrength);
    draw_frame(image, box, thin, scene.colors[i], 1);
  }
}

// Objects with masks get colours of their own.
void draw_masks(Image& image, Scene& scene, const std::vector<bool>& masked, int line) {
  std::vector<MaskWindow> masks;
  std::vector<size_t> objects;
  for (size_t i = 0; i < masked.size(); ++i) {
    if (!masked[i]) continue;
    masks.push_back(std::move(scene.masks[i]));
    objects.push_back(i);
  }
  if (masks.empty()) return;
  const InstanceMap map = make_instance_map(masks, image.height, image.width);
  std::vector<std::vector<int>> meeting = touching(map, masks.size(), 4 * line);
  const std::vector<Color> under = grounds(image, map, masks.size());
  std::vector<Instance> instances;
  for (size_t i = 0; i < masks.size(); ++i) instances.push_back({std::move(meeting[i]), under[i]});
  const std::vector<Color> colors = instance_colors(instances);
  paint(image, map, masks, colors, {.line = line});
  const std::vector<LabelledObject> seen = extents(map, masks.size());
  for (size_t i = 0; i < objects.size(); ++i) {
    scene.colors[objects[i]] = colors[i];
    if (seen[i].tips) scene.seen[objects[i]] = seen[i];
  }
}

void draw_labels(Drawing& drawing, const Scene& scene, std::span<const DrawnObject> objects) {
  Image& image = drawing.image;
  const int capitals = capital_height(image.height, image.width);
  std::vector<std::string> texts(objects.size());
  std::vector<LabelSize> sizes(objects.size());
  for (size_t i = 0; i < objects.size() && i < kMostLabels; ++i) {
    const DrawnObject& object = objects[i];
    if (!object.name.empty()) texts[i] = label_text(object.name, object.detail, capitals, image.width);
    if (!texts[i].empty()) sizes[i] = label_size(texts[i], capitals);
  }
  std::vector<std::optional<PixelArea>> places = place_labels(scene.seen, sizes, image.height, image.width);
  for (size_t i = 0; i < objects.size(); ++i) {
    const bool fits = sizes[i].width > 0 && sizes[i].height <= image.height;
    if (!objects[i].box && fits) places[i] = PixelArea{0, 0, sizes[i].width, sizes[i].height};
    const PixelArea& area = scene.seen[i].area;
    const bool seen = !objects[i].box || (area.width > 0 && area.height > 0);
    if (!objects[i].name.empty() && seen) ++(places[i] ? drawing.labels : drawing.unlabelled);
  }
  // The best on top.
  for (size_t i = objects.size(); i > 0; --i) {
    if (places[i - 1]) draw_label(image, *places[i - 1], texts[i - 1], capitals, scene.colors[i - 1]);
  }
}

}  // namespace

int line_width(int height, int width) {
  return std::max(1, static_cast<int>(std::lround(side_of(height, width) / 300)));
}

int capital_height(int height, int width) {
  return std::max(8, static_cast<int>(std::lround(side_of(height, width) / 60)));
}

int enlargement(int height, int width) {
  const int longer = std::max(height, width);
  return longer < 1 || longer >= kLeastSide ? 1 : (kLeastSide + longer - 1) / longer;
}

Drawing draw_objects(Image image, std::span<const DrawnObject> objects, const DrawingOptions& options) {
  Drawing drawing;
  if (image.pixels.empty()) return {std::move(image)};
  const int height = image.height, width = image.width;
  drawing.image = scaled(std::move(image), options, drawing.enlarged);
  Scene scene = scene_of(objects, drawing.image, drawing.image.height / static_cast<double>(height),
                         drawing.image.width / static_cast<double>(width));
  const int line = options.line_width > 0 ? options.line_width : line_width(drawing.image.height, drawing.image.width);
  std::vector<bool> masked;
  for (const MaskWindow& mask : scene.masks) masked.push_back(has_pixels(mask));
  draw_masks(drawing.image, scene, masked, line);
  draw_boxes(drawing.image, scene, masked, line);
  draw_labels(drawing, scene, objects);
  return drawing;
}

}  // namespace spinenet::image
