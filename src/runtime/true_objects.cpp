#include "runtime/true_objects.h"

#include "runtime/prediction.h"

namespace spinenet::runtime {
namespace {

image::MaskWindow mask_of(const detect::ObjectMask& mask, const image::Image& image) {
  if (mask.shape.empty()) return {};
  if (mask.shape.polygons.empty()) return mask_window(mask.shape.rle);
  std::vector<detect::Rle> parts;
  for (const std::vector<double>& polygon : mask.shape.polygons) {
    parts.push_back(detect::rle_from_polygon(polygon, image.height, image.width));
  }
  return mask_window(detect::merge(parts));
}

}  // namespace

std::vector<image::DrawnObject> true_objects(const data::LabelledImage& sample, std::span<const std::string> classes) {
  const auto name = [&](int label) { return classes[static_cast<size_t>(label)]; };
  std::vector<image::DrawnObject> objects;
  if (sample.label >= 0)
    objects.push_back({.box = {}, .label = sample.label, .name = name(sample.label), .detail = {}});
  for (size_t i = 0; i < sample.targets.size(); ++i) {
    const data::Target& target = sample.targets[i];
    if (target.crowd) continue;
    const detect::Box& box = target.box;
    objects.push_back({.box = image::DrawnBox{box.x1, box.y1, box.x2, box.y2},
                       .label = target.label,
                       .name = name(target.label),
                       .detail = {},
                       .mask = i < sample.masks.size() ? mask_of(sample.masks[i], sample.image) : image::MaskWindow()});
  }
  return objects;
}

}  // namespace spinenet::runtime
