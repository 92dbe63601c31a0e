// Any bytes as the text of a run-length code, as a polygon and as a ROI: refused with an Error, or of the mask's size
// and the same after every way there and back.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "base/error.h"
#include "detect/mask.h"
#include "detect/mask_paste.h"
#include "detect/mask_target.h"

namespace spinenet {
namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

void check_measures(const detect::Rle& rle) {
  const std::vector<uint8_t> pixels = detect::decode_mask(rle);
  uint64_t set = 0;
  for (const uint8_t pixel : pixels) set += pixel;
  require(set == detect::area(rle));
  require(detect::decode_mask(detect::encode_mask(pixels, rle.height, rle.width)) == pixels);
  require(detect::decode_window(rle, {0, 0, rle.width, rle.height}) == pixels);
  const detect::PixelRect extent = detect::pixel_extent(rle);
  require(extent.x >= 0 && extent.x + extent.width <= rle.width);
  require(extent.y >= 0 && extent.y + extent.height <= rle.height);
  if (set == 0) return;
  const detect::Rle plain = detect::encode_mask(pixels, rle.height, rle.width);
  require(detect::mask_iou(plain, plain, false) == 1.0);
  // Where empty runs of two codes meet in their middle the COCO API looks no further, and so do we.
  const bool has_empty_runs = std::find(rle.counts.begin() + 1, rle.counts.end(), 0U) != rle.counts.end();
  if (!has_empty_runs) require(detect::mask_iou(rle, rle, false) == 1.0);
}

void check_target(const detect::ObjectMask& mask, const detect::Box& roi) {
  const std::vector<uint8_t> cells = detect::mask_target(mask, roi, 6);
  require(cells.size() == 36);
  const std::vector<float> grid(cells.begin(), cells.end());
  check_measures(detect::paste_mask({grid, 6}, detect::clip(roi, 40, 30), {30, 40}));
}

void check_text(std::string_view text, int64_t height, int64_t width, const detect::Box& roi) {
  try {
    detect::ObjectMask mask;
    mask.shape.rle = detect::rle_from_text(text, height, width);
    require(detect::rle_from_text(detect::rle_to_text(mask.shape.rle), height, width) == mask.shape.rle);
    check_measures(mask.shape.rle);
    check_target(mask, roi);
  } catch (const Error&) {
  }
}

void check_polygon(const std::vector<double>& points, int64_t height, int64_t width, const detect::Box& roi) {
  try {
    check_measures(detect::rle_from_polygon(points, height, width));
    detect::ObjectMask mask;
    mask.shape.polygons = {points};
    check_target(mask, roi);
  } catch (const Error&) {
  }
}

}  // namespace
}  // namespace spinenet

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace spinenet;
  if (size < 6) return 0;
  const int64_t height = data[0] % 40;
  const int64_t width = data[1] % 40;
  // A ROI within reach of an image; its corners are in order and finite.
  const auto corner = [](uint8_t byte) { return static_cast<float>(static_cast<int8_t>(byte)) * 0.75F; };
  const float x = corner(data[2]);
  const float y = corner(data[3]);
  const detect::Box roi{x, y, x + static_cast<float>(data[4]) * 0.3F, y + static_cast<float>(data[5]) * 0.3F};
  data += 6;
  size -= 6;
  check_text({reinterpret_cast<const char*>(data), size}, height, width, roi);
  std::vector<double> points(size / sizeof(double));
  if (!points.empty()) std::memcpy(points.data(), data, points.size() * sizeof(double));
  check_polygon(points, height, width, roi);
  std::vector<double> near_points;
  for (size_t i = 0; i < size; ++i) near_points.push_back(static_cast<int8_t>(data[i]) * 0.375);
  check_polygon(near_points, height, width, roi);
  return 0;
}
