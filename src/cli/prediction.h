// What was found in a picture: drawn on it, as a table, and as JSON. A detector's answer is COCO's results list.
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

namespace spinenet::cli {

// What class a picture may be of: an index into the class list.
struct ClassGuess {
  int label = 0;
  float score = 0;
};

using Answer = std::variant<std::vector<detect::Detection>,  // best first
                            std::vector<ClassGuess>>;        // best first, at least one

struct Prediction {
  int64_t image_id = 0;
  std::string file_name;
  int height = 0, width = 0;
  Answer answer;
};

image::Image draw(image::Image image, const Prediction& prediction, std::span<const formats::ModelClass> classes);

// A list with an entry for each detection (image_id, category_id, bbox, score, category, file_name, and
// segmentation where the model gives masks), or for each picture (image_id, file_name, category_id, category, score,
// and `guesses` with the last three of each).
Json to_json(std::span<const Prediction> predictions, std::span<const formats::ModelClass> classes);
std::string to_table(std::span<const Prediction> predictions, std::span<const formats::ModelClass> classes);

}  // namespace spinenet::cli
