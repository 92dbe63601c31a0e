// How to repair one annotation of a COCO file.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "data/coco/coco_rules.h"

namespace spinenet::data {

struct AnnotationRepair {
  bool drop = false;
  bool renumber = false;
  bool clear_crowd = false;
  std::optional<Bbox> bbox;
  std::optional<double> area;
  std::vector<int64_t> bad_polygons;  // positions within the segmentation
};

}  // namespace spinenet::data
