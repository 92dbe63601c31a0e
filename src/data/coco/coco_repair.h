// How to repair one annotation or category of a COCO file.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "data/coco/coco_rules.h"

namespace spinenet::data {

// Why an annotation is left out of the copy.
enum class DropReason { none, unknown_image, unknown_category, no_box };

struct AnnotationRepair {
  DropReason drop = DropReason::none;
  bool renumber = false;
  bool box_unusable = false;
  bool box_from_mask = false;
  bool polygons_regrouped = false;
  bool mask_left_out = false;     // a run-length code that cannot be read, or a value that is no mask
  int64_t polygons_left_out = 0;  // what was no polygon
  std::optional<int> crowd;
  std::optional<Bbox> bbox;
  std::optional<double> area;
  std::optional<std::vector<std::vector<double>>> polygons;  // the whole segmentation; empty: no mask
};

// The texts of one category.
struct CategoryRepair {
  std::optional<std::string> name, supercategory;
};

}  // namespace spinenet::data
