// Detections: of one image as the post-processing returns them, and of a data set as a COCO results file holds them.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "detect/box.h"
#include "detect/mask.h"

namespace spinenet::detect {

struct Detection {
  Box box;        // pixels of the image it was asked for
  int label = 0;  // index into the model's class list
  float score = 0;
  Rle mask{};  // of the whole image; empty counts from a detector of boxes alone
};

// One entry of a results file. With iou type segm the mask counts, else the box.
struct Result {
  int64_t image_id = 0;
  int64_t category_id = 0;
  std::array<double, 4> bbox{};  // x, y, width, height
  double score = 0;
  Rle mask;                    // empty counts: none given
  bool box_from_mask = false;  // the file gave no bbox: it is the mask's
};

// What a results file says of a detection. `category_id` is that of its label in the data's own numbering.
Result to_result(const Detection& detection, int64_t image_id, int64_t category_id);

}  // namespace spinenet::detect
