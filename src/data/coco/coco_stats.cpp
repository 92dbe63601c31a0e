#include "data/coco/coco_stats.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>
#include <unordered_map>
#include <utility>

#include "base/format.h"

namespace spinenet::data {
namespace {

constexpr double kSmallArea = 32 * 32;
constexpr double kLargeArea = 96 * 96;
constexpr double kTinySide = 4;
constexpr int64_t kCrowdedImage = 500;
constexpr double kDuplicateIou = 0.95;

using AnnotationsByImage = std::unordered_map<int64_t, std::vector<const detect::Annotation*>>;

Spread spread(std::vector<double> values) {
  if (values.empty()) return {};
  std::sort(values.begin(), values.end());
  const size_t n = values.size();
  const double sum = std::accumulate(values.begin(), values.end(), 0.0);
  return {values.front(), (values[(n - 1) / 2] + values[n / 2]) / 2, sum / static_cast<double>(n), values.back()};
}

double box_iou(const detect::Annotation& a, const detect::Annotation& b) {
  const double w = std::min(a.bbox[0] + a.bbox[2], b.bbox[0] + b.bbox[2]) - std::max(a.bbox[0], b.bbox[0]);
  const double h = std::min(a.bbox[1] + a.bbox[3], b.bbox[1] + b.bbox[3]) - std::max(a.bbox[1], b.bbox[1]);
  if (w <= 0 || h <= 0) return 0;
  return w * h / (a.bbox[2] * a.bbox[3] + b.bbox[2] * b.bbox[3] - w * h);
}

int64_t near_duplicates(std::vector<const detect::Annotation*> boxes) {
  const auto left = [](const detect::Annotation* box) { return box->bbox[0]; };
  std::stable_sort(boxes.begin(), boxes.end(),
                   [&](const detect::Annotation* a, const detect::Annotation* b) { return left(a) < left(b); });
  std::set<const detect::Annotation*> repeated;
  for (size_t i = 0; i < boxes.size(); ++i) {
    // A box this alike begins within a tenth of this one's width.
    const double reach = left(boxes[i]) + 0.1 * boxes[i]->bbox[2];
    for (size_t j = i + 1; j < boxes.size() && left(boxes[j]) <= reach; ++j) {
      const bool alike =
          boxes[i]->category_id == boxes[j]->category_id && box_iou(*boxes[i], *boxes[j]) > kDuplicateIou;
      if (alike) repeated.insert(boxes[j]);
    }
  }
  return static_cast<int64_t>(repeated.size());
}

void count_sizes(const detect::Annotation& box, DatasetStats& out) {
  int64_t& size = box.area < kSmallArea ? out.small : box.area < kLargeArea ? out.medium : out.large;
  ++size;
  size_t bin = 0;
  double limit = 4;
  while (bin + 1 < out.by_side.size() && std::sqrt(std::max(box.area, 0.0)) >= limit) {
    limit *= 2;
    ++bin;
  }
  ++out.by_side[bin];
  if (std::min(box.bbox[2], box.bbox[3]) < kTinySide) ++out.tiny_boxes;
}

void count_images(const detect::Annotations& annotations, const AnnotationsByImage& by_image, DatasetStats& out) {
  std::vector<double> per_image;
  std::vector<double> heights;
  std::vector<double> widths;
  for (const detect::ImageInfo& image : annotations.images) {
    const auto found = by_image.find(image.id);
    const auto boxes = static_cast<int64_t>(found == by_image.end() ? 0 : found->second.size());
    per_image.push_back(static_cast<double>(boxes));
    heights.push_back(static_cast<double>(image.height));
    widths.push_back(static_cast<double>(image.width));
    if (boxes == 0) ++out.images_without_boxes;
    if (boxes > kCrowdedImage) ++out.crowded_images;
  }
  out.images = static_cast<int64_t>(annotations.images.size());
  out.boxes_per_image = spread(std::move(per_image));
  out.image_height = spread(std::move(heights));
  out.image_width = spread(std::move(widths));
}

void count_classes(const detect::Annotations& annotations, const AnnotationsByImage& by_image, DatasetStats& out) {
  std::unordered_map<int64_t, size_t> class_of_id;
  std::set<int64_t> ids;
  for (const detect::Category& category : annotations.categories) {
    class_of_id.emplace(category.id, out.classes.size());
    out.classes.push_back({category, 0, 0});
    ids.insert(category.id);
  }
  for (const auto& [image_id, boxes] : by_image) {
    std::set<size_t> seen;
    for (const detect::Annotation* box : boxes) {
      const auto found = class_of_id.find(box->category_id);
      if (found == class_of_id.end()) continue;
      ++out.classes[found->second].boxes;
      if (seen.insert(found->second).second) ++out.classes[found->second].images;
    }
  }
  int64_t least = 0;
  int64_t most = 0;
  for (const ClassCount& entry : out.classes) {
    if (entry.boxes == 0) ++out.empty_classes;
    if (entry.boxes > 0 && (least == 0 || entry.boxes < least)) least = entry.boxes;
    most = std::max(most, entry.boxes);
  }
  if (least > 0) out.imbalance = static_cast<double>(most) / static_cast<double>(least);
  if (!ids.empty()) out.category_id_gaps = *ids.rbegin() - *ids.begin() + 1 - static_cast<int64_t>(ids.size());
}

Json spread_to_json(const Spread& of) {
  return {{"min", of.min}, {"median", of.median}, {"mean", of.mean}, {"max", of.max}};
}

}  // namespace

DatasetStats stats(const detect::Annotations& annotations) {
  DatasetStats out;
  AnnotationsByImage by_image;
  for (const detect::Annotation& annotation : annotations.annotations) {
    if (!annotation.segmentation.empty()) ++out.with_masks;
    if (annotation.crowd) {
      ++out.crowds;
      continue;
    }
    ++out.boxes;
    count_sizes(annotation, out);
    by_image[annotation.image_id].push_back(&annotation);
  }
  for (const auto& [image_id, boxes] : by_image) out.near_duplicates += near_duplicates(boxes);
  count_images(annotations, by_image, out);
  count_classes(annotations, by_image, out);
  return out;
}

Json to_json(const DatasetStats& stats) {
  Json json;
  json["images"] = stats.images;
  json["images_without_boxes"] = stats.images_without_boxes;
  json["boxes"] = stats.boxes;
  json["crowds"] = stats.crowds;
  json["with_masks"] = stats.with_masks;
  json["by_area"] = {{"small", stats.small}, {"medium", stats.medium}, {"large", stats.large}};
  json["by_side"] = Json::object();
  int64_t limit = 4;
  for (size_t i = 0; i + 1 < stats.by_side.size(); ++i, limit *= 2) {
    json["by_side"][fmt::format("<{}", limit)] = stats.by_side[i];
  }
  json["by_side"][fmt::format(">={}", limit / 2)] = stats.by_side.back();
  json["boxes_per_image"] = spread_to_json(stats.boxes_per_image);
  json["image_height"] = spread_to_json(stats.image_height);
  json["image_width"] = spread_to_json(stats.image_width);
  json["images_over_500_boxes"] = stats.crowded_images;
  json["boxes_below_4_pixels"] = stats.tiny_boxes;
  json["near_duplicate_boxes"] = stats.near_duplicates;
  json["classes_without_boxes"] = stats.empty_classes;
  json["class_imbalance"] = stats.imbalance;
  json["category_id_gaps"] = stats.category_id_gaps;
  json["classes"] = Json::array();
  for (const ClassCount& entry : stats.classes) {
    Json row;
    row["id"] = entry.category.id;
    row["name"] = entry.category.name;
    row["boxes"] = entry.boxes;
    row["images"] = entry.images;
    json["classes"].push_back(std::move(row));
  }
  return json;
}

}  // namespace spinenet::data
