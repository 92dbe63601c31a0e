#include "train/report_images.h"

#include <algorithm>
#include <utility>

#include "image/encode.h"

namespace spinenet::train {
namespace {

constexpr int kMostSide = 400;  // pixels of the longer one as drawn
constexpr int kQuality = 72;

// Of the page: base64 writes four letters for three bytes.
size_t bytes_of(const plot::ReportImage& image) {
  return (image.bytes.size() + image.truth.size()) * 4 / 3;
}

}  // namespace

std::string drawn_for_report(image::Image image, std::span<const image::DrawnObject> objects) {
  const int side = std::max(image.height, image.width);
  const bool enlarge = side * image::enlargement(image.height, image.width) <= kMostSide;
  return image::encode_jpeg(
      image::draw_objects(std::move(image), objects, {.enlarge = enlarge, .most_side = kMostSide}).image, kQuality);
}

bool add_if_room(std::vector<plot::ReportImage>& images, plot::ReportImage image) {
  size_t all = bytes_of(image);
  for (const plot::ReportImage& one : images) all += bytes_of(one);
  if (all > kReportImageBytes) return false;
  images.push_back(std::move(image));
  return true;
}

}  // namespace spinenet::train
