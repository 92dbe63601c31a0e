// What was found in an image: drawn on it, as a table, and as JSON. That of a detector is COCO's list of results.
//
// Thread contract: pure functions.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/json.h"
#include "detect/detections.h"
#include "formats/model_file.h"
#include "image/image.h"

namespace spinenet::runtime {

// How sure a classifier is of a class.
struct ClassScore {
  int label = 0;  // index into the model's classes
  float score = 0;
};

using Prediction = std::variant<std::vector<detect::Detection>,  // best first
                                std::vector<ClassScore>>;        // best first, at least one

struct ImagePrediction {
  int64_t image_id = 0;
  std::string file_name;
  int height = 0, width = 0;
  Prediction found;
};

image::Image draw(image::Image image, const Prediction& found, std::span<const formats::ModelClass> classes);

// A list with an entry for each detection (image_id, category_id, bbox, score, category, file_name, and segmentation
// where the model gives masks), or for each image (image_id, file_name, category_id, category, score, and `classes`
// with the last three of each; `guesses` is the same list under the name that it had up to 0.2).
Json to_json(std::span<const ImagePrediction> predictions, std::span<const formats::ModelClass> classes);
std::string to_table(std::span<const ImagePrediction> predictions, std::span<const formats::ModelClass> classes);

}  // namespace spinenet::runtime
