#include "train/report_images.h"

#include <utility>

#include "image/encode.h"

namespace spinenet::train {
namespace {

constexpr int kMostSide = 400;  // pixels of the longer one; smaller images are enlarged for drawing
constexpr int kQuality = 72;

// Of the page: base64 writes four letters for three bytes.
size_t bytes_of(const plot::ReportImage& image) {
  return (image.bytes.size() + image.truth.size()) * 4 / 3;
}

}  // namespace

std::string drawn_for_report(image::Image image, std::span<const image::DrawnObject> objects) {
  return image::encode_jpeg(image::draw_objects(std::move(image), objects, {.most_side = kMostSide}).image, kQuality);
}

bool has_room(std::span<const plot::ReportImage> images) {
  if (images.empty()) return true;
  size_t all = 0;
  for (const plot::ReportImage& image : images) all += bytes_of(image);
  return all + all / images.size() <= kReportImageBytes;
}

}  // namespace spinenet::train
