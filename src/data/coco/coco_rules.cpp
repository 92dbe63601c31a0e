#include "data/coco/coco_rules.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <limits>
#include <vector>

#include "base/files.h"
#include "base/format.h"

namespace spinenet::data {
namespace {

struct Point {
  double x = 0, y = 0;
};

struct Edge {
  Point from, to;
  size_t index = 0;

  double left() const { return std::min(from.x, to.x); }
  double right() const { return std::max(from.x, to.x); }
};

double turn(Point a, Point b, Point c) {
  return (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x);
}

bool cross(const Edge& a, const Edge& b) {
  const double b_from = turn(a.from, a.to, b.from);
  const double b_to = turn(a.from, a.to, b.to);
  const double a_from = turn(b.from, b.to, a.from);
  const double a_to = turn(b.from, b.to, a.to);
  return ((b_from > 0 && b_to < 0) || (b_from < 0 && b_to > 0)) &&
         ((a_from > 0 && a_to < 0) || (a_from < 0 && a_to > 0));
}

std::vector<Edge> edges_from_left(std::span<const double> points) {
  const size_t n = points.size() / 2;
  std::vector<Edge> edges(n);
  for (size_t i = 0; i < n; ++i) {
    const size_t next = (i + 1) % n;
    edges[i] = {{points[2 * i], points[2 * i + 1]}, {points[2 * next], points[2 * next + 1]}, i};
  }
  std::sort(edges.begin(), edges.end(), [](const Edge& a, const Edge& b) { return a.left() < b.left(); });
  return edges;
}

}  // namespace

std::string bbox_text(const Bbox& bbox) {
  return fmt::format("[{}, {}, {}, {}]", bbox[0], bbox[1], bbox[2], bbox[3]);
}

BoxPosition box_position(const Bbox& bbox, const detect::ImageInfo& image) {
  const auto width = static_cast<double>(image.width);
  const auto height = static_cast<double>(image.height);
  const double right = bbox[0] + bbox[2];
  const double bottom = bbox[1] + bbox[3];
  if (right <= 0 || bottom <= 0 || bbox[0] >= width || bbox[1] >= height) return BoxPosition::outside;
  if (bbox[0] < -1 || bbox[1] < -1 || right > width + 1 || bottom > height + 1) return BoxPosition::partly;
  return BoxPosition::inside;
}

Bbox clip_bbox(const Bbox& bbox, const detect::ImageInfo& image) {
  const auto width = static_cast<double>(image.width);
  const auto height = static_cast<double>(image.height);
  const double x = std::clamp(bbox[0], 0.0, width);
  const double y = std::clamp(bbox[1], 0.0, height);
  return {x, y, std::clamp(bbox[0] + bbox[2], 0.0, width) - x, std::clamp(bbox[1] + bbox[3], 0.0, height) - y};
}

double polygon_area(std::span<const double> points) {
  const size_t n = points.size() / 2;
  double twice = 0;
  for (size_t i = 0; i < n; ++i) {
    const size_t next = (i + 1) % n;
    twice += points[2 * i] * points[2 * next + 1] - points[2 * next] * points[2 * i + 1];
  }
  return std::abs(twice) / 2;
}

bool crosses_itself(std::span<const double> points) {
  constexpr size_t kMaxPoints = 5000;
  const size_t n = points.size() / 2;
  if (n < 4 || n > kMaxPoints) return false;
  const std::vector<Edge> edges = edges_from_left(points);
  for (size_t i = 0; i < n; ++i) {
    for (size_t j = i + 1; j < n && edges[j].left() <= edges[i].right(); ++j) {
      const size_t apart =
          edges[i].index > edges[j].index ? edges[i].index - edges[j].index : edges[j].index - edges[i].index;
      if (apart == 1 || apart == n - 1) continue;
      if (cross(edges[i], edges[j])) return true;
    }
  }
  return false;
}

double geometry_area(const detect::Annotation& annotation) {
  const detect::Segmentation& segmentation = annotation.segmentation;
  if (!segmentation.rle.counts.empty()) return static_cast<double>(area(segmentation.rle));
  if (segmentation.polygons.empty()) return annotation.bbox[2] * annotation.bbox[3];
  double sum = 0;
  for (const std::vector<double>& polygon : segmentation.polygons) sum += polygon_area(polygon);
  return sum;
}

uint64_t annotation_checksum(const detect::Annotation& annotation) {
  const auto bytes_of = [](const auto& values) {
    return std::string_view(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(values[0]));
  };
  const std::array<int64_t, 3> ids{annotation.image_id, annotation.category_id, annotation.crowd ? 1 : 0};
  uint64_t sum = checksum(bytes_of(annotation.bbox), checksum(bytes_of(ids)));
  for (const std::vector<double>& polygon : annotation.segmentation.polygons) {
    sum = checksum(bytes_of(polygon), sum + 1);
  }
  return checksum(bytes_of(annotation.segmentation.rle.counts), sum + 1);
}

std::optional<Bbox> mask_bbox(const detect::Segmentation& segmentation) {
  if (!segmentation.rle.counts.empty()) {
    const std::vector<double> box = detect::bounding_box(segmentation.rle);
    return Bbox{box[0], box[1], box[2], box[3]};
  }
  if (segmentation.polygons.empty()) return std::nullopt;
  constexpr double kFar = std::numeric_limits<double>::infinity();
  double left = kFar, top = kFar, right = -kFar, bottom = -kFar;
  for (const std::vector<double>& points : segmentation.polygons) {
    for (size_t i = 0; i + 1 < points.size(); i += 2) {
      left = std::min(left, points[i]);
      right = std::max(right, points[i]);
      top = std::min(top, points[i + 1]);
      bottom = std::max(bottom, points[i + 1]);
    }
  }
  return Bbox{left, top, right - left, bottom - top};
}

bool area_is_off(double area, double geometry) {
  return std::abs(area - geometry) > std::max(0.01 * std::max(area, geometry), 0.01);
}

std::string unsafe_file_name_reason(std::string_view name) {
  if (name.empty()) return "is empty";
  if (name.find('\0') != std::string_view::npos) return "holds a NUL byte";
  const bool drive = name.size() >= 2 && name[1] == ':' && std::isalpha(static_cast<unsigned char>(name[0])) != 0;
  if (name[0] == '/' || name[0] == '\\' || drive) return "is absolute";
  size_t begin = 0;
  while (begin <= name.size()) {
    const size_t end = std::min(name.find_first_of("/\\", begin), name.size());
    if (name.substr(begin, end - begin) == "..") return "holds \"..\"";
    begin = end + 1;
  }
  return "";
}

void BoxStatistics::add(const Bbox& bbox, const detect::ImageInfo& image) {
  if (bbox[2] <= 0 || bbox[3] <= 0) return;
  ++boxes_;
  const auto width = static_cast<double>(image.width);
  const auto height = static_cast<double>(image.height);
  if (bbox[2] > bbox[0] && bbox[3] > bbox[1] && bbox[2] <= width + 1 && bbox[3] <= height + 1) ++corner_like_;
  if (box_position(bbox, image) != BoxPosition::inside) ++out_of_image_;
  if (std::all_of(bbox.begin(), bbox.end(), [](double number) { return number >= 0 && number <= 1; })) ++unit_sized_;
}

void BoxStatistics::add(const BoxStatistics& others) {
  boxes_ += others.boxes_;
  corner_like_ += others.corner_like_;
  out_of_image_ += others.out_of_image_;
  unit_sized_ += others.unit_sized_;
}

bool BoxStatistics::look_like_corners() const {
  return boxes_ >= 5 && corner_like_ * 50 >= boxes_ * 49 && out_of_image_ * 5 >= boxes_;
}

bool BoxStatistics::look_normalised() const {
  return boxes_ >= 3 && unit_sized_ * 50 >= boxes_ * 49;
}

}  // namespace spinenet::data
