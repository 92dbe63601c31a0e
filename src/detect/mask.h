// Binary masks as COCO run-length codes: runs of 0 and 1 in turn, column by column (Fortran order), beginning with 0s.
// Same results as the mask functions of the COCO API to the last bit (polygon rasterisation included).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace spinenet::detect {

// Invariant: the counts sum to height * width.
struct Rle {
  int64_t height = 0, width = 0;
  std::vector<uint32_t> counts;

  bool operator==(const Rle&) const = default;
};

// Row-major bytes, 0 or not 0, [height, width].
Rle encode_mask(std::span<const uint8_t> mask, int64_t height, int64_t width);
std::vector<uint8_t> decode_mask(const Rle& rle);

// x, y, x, y, ... in pixels; at least three points (ErrorKind::bad_data otherwise).
Rle rle_from_polygon(std::span<const double> points, int64_t height, int64_t width);
// x, y, width, height in pixels.
Rle rle_from_box(std::span<const double, 4> xywh, int64_t height, int64_t width);
// Union of masks of one size (intersection if asked for).
Rle merge(std::span<const Rle> masks, bool intersect = false);
// The pixels that the mask does not have.
Rle invert(Rle rle);
uint64_t area(const Rle& rle);
// The smallest rectangle of pixels around the mask; all 0 for an empty mask.
struct PixelRect {
  int64_t x = 0, y = 0, width = 0, height = 0;
};
PixelRect pixel_extent(const Rle& rle);
// The part of a mask within a rectangle, which lies within the mask: row-major bytes, without unpacking the rest.
std::vector<uint8_t> decode_window(const Rle& rle, const PixelRect& window);
// The same as x, y, width, height.
std::vector<double> bounding_box(const Rle& rle);
// The intersection over union as the COCO API computes it; with `crowd` the union is the area of `detected` alone.
double mask_iou(const Rle& detected, const Rle& truth, bool crowd);

// The COCO API's compressed text form. ErrorKind::bad_data when it is cut off, overflows or does not sum to h * w.
std::string rle_to_text(const Rle& rle);
Rle rle_from_text(std::string_view text, int64_t height, int64_t width);

}  // namespace spinenet::detect
