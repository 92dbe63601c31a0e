// What a COCO-style annotation file says, as plain data, with the ids of the file kept. data/ reads it, eval/ measures
// against it. Order is the file's order: ties in evaluation depend on it.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "detect/mask.h"

namespace spinenet::detect {

struct ImageInfo {
  int64_t id = 0;
  std::string file_name;  // relative to the image folder
  int64_t height = 0, width = 0;
};

// Polygons (each x, y, x, y, ...) or a run-length code; both empty where the file has none.
struct Segmentation {
  std::vector<std::vector<double>> polygons;
  Rle rle;

  bool empty() const { return polygons.empty() && rle.counts.empty(); }
};

struct Annotation {
  int64_t id = 0;
  int64_t image_id = 0;
  int64_t category_id = 0;
  std::array<double, 4> bbox{};  // x, y, width, height in pixels, as in the file
  double area = 0;
  bool crowd = false;
  Segmentation segmentation;
};

struct Category {
  int64_t id = 0;
  std::string name;
  std::string supercategory;
};

struct Annotations {
  std::vector<ImageInfo> images;
  std::vector<Annotation> annotations;
  std::vector<Category> categories;
};

}  // namespace spinenet::detect
