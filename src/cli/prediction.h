// What was found in a picture: drawn on it, as a table, and as COCO results.
//
// Thread contract: pure functions.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/json.h"
#include "detect/detections.h"
#include "formats/model_file.h"
#include "image/image.h"

namespace spinenet {

struct Prediction {
  int64_t image_id = 0;
  std::string file_name;
  int height = 0, width = 0;
  std::vector<Detection> detections;
};

Image draw(Image image, const Prediction& prediction, std::span<const ModelClass> classes);

// COCO's results list (image_id, category_id, bbox, score), each entry also with category and file_name.
Json to_json(std::span<const Prediction> predictions, std::span<const ModelClass> classes);
std::string to_table(std::span<const Prediction> predictions, std::span<const ModelClass> classes);

}  // namespace spinenet
