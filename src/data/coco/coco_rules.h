// Rules about single boxes, masks and file names of COCO data, on plain values. A box counts as outside when it shares
// no area with the image, as partly outside when it sticks out by more than one pixel.
//
// Thread contract: the functions may be called from any thread; a BoxStatistics belongs to one.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "detect/annotations.h"

namespace spinenet::data {

// An entry of `images` with a sound id. Height and width are 0 where the file gives none that can be used.
struct ScannedImage {
  detect::ImageInfo info;
  int64_t position = 0;
  bool safe_name = true;
  std::string size_fault;  // why there is no size
};

// Of an image that its file turns to stand upright: which pixels its annotations are of. `either`: there are none with
// a place; `unknown`: all fit into both.
enum class PixelFrame { either, upright, stored, unknown };

using Bbox = std::array<double, 4>;  // x, y, width, height

// As in "[10, 20, 30, 40]", for messages.
std::string bbox_text(const Bbox& bbox);

enum class BoxPosition { inside, partly, outside };
BoxPosition box_position(const Bbox& bbox, const detect::ImageInfo& image);
Bbox clip_bbox(const Bbox& bbox, const detect::ImageInfo& image);

// By the shoelace formula, which is how COCO's own areas were computed.
double polygon_area(std::span<const double> points);
// Whether two edges that are not neighbours cross in their inside. Polygons of over 5,000 points are not looked at.
bool crosses_itself(std::span<const double> points);
// Of the mask where there is one, else of the box.
double geometry_area(const detect::Annotation& annotation);
// Of what makes two annotations the same: image, category, crowd flag, box and mask.
uint64_t annotation_checksum(const detect::Annotation& annotation);
// The smallest box around the polygons or the run-length code; nothing where there are none.
std::optional<Bbox> mask_bbox(const detect::Segmentation& segmentation);
// More than 1 % (and more than a hundredth of a pixel) apart.
bool area_is_off(double area, double geometry);

// Why a file name must not be used: absolute, with "..", a NUL, or empty. "" when it is safe.
std::string unsafe_file_name_reason(std::string_view name);

// Whether the boxes as a whole are written in another convention than x, y, width, height in pixels.
class BoxStatistics {
 public:
  void add(const Bbox& bbox, const detect::ImageInfo& image);
  void add(const BoxStatistics& others);
  bool look_like_corners() const;
  bool look_normalised() const;
  int64_t boxes() const { return boxes_; }
  int64_t out_of_image() const { return out_of_image_; }

 private:
  int64_t boxes_ = 0;
  int64_t corner_like_ = 0;   // fits into the image when read as x1, y1, x2, y2
  int64_t out_of_image_ = 0;  // sticks out when read as x, y, width, height
  int64_t unit_sized_ = 0;    // all four numbers within 0 to 1
};

}  // namespace spinenet::data
