// A data set in numbers: classes, sizes, crowding, and what is worth a second look though it is no fault.
//
// Boxes are counted without crowd regions. Sizes are COCO's: small below 32 x 32, large from 96 x 96 pixels of `area`.
//
// Thread contract: all functions may be called from any thread.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "base/json.h"
#include "detect/annotations.h"

namespace spinenet::data {

struct ClassCount {
  detect::Category category;
  int64_t boxes = 0;
  int64_t images = 0;  // with at least one such box
};

// Least, middle, mean and greatest of a list; zeros for an empty one.
struct Spread {
  double min = 0, median = 0, mean = 0, max = 0;
};

struct DatasetStats {
  int64_t images = 0, images_without_boxes = 0;
  int64_t boxes = 0, crowds = 0, with_masks = 0;
  std::vector<ClassCount> classes;  // in the order of the file's categories
  int64_t small = 0, medium = 0, large = 0;
  // Boxes by the root of their area: below 4, 8, 16, ... 1024 pixels, and the rest.
  std::array<int64_t, 10> by_side{};
  Spread boxes_per_image, image_height, image_width;
  int64_t crowded_images = 0;   // over 500 boxes
  int64_t tiny_boxes = 0;       // a side below 4 pixels
  int64_t near_duplicates = 0;  // boxes with an earlier one of the same class and image at IoU above 0.95
  int64_t empty_classes = 0;
  double imbalance = 0;          // boxes of the largest class over those of the smallest that has any
  int64_t category_id_gaps = 0;  // ids missing between the least and the greatest
};

DatasetStats stats(const detect::Annotations& annotations);
Json to_json(const DatasetStats& stats);

}  // namespace spinenet::data
