// What was found in an image: drawn on it, as a table, and as JSON. That of a detector is COCO's list of results.
//
// Thread contract: pure functions.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/enum_names.h"
#include "base/json.h"
#include "detect/detections.h"
#include "formats/model_file.h"
#include "image/draw.h"
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

// What labels say: the class, or the class and its score.
enum class LabelContent { none, names, scores };
constexpr auto names(LabelContent) {
  using enum LabelContent;
  return named<LabelContent>({{none, "none"}, {names, "names"}, {scores, "scores"}});
}

struct DrawOptions {
  LabelContent labels = LabelContent::scores;
  image::DrawingOptions drawing{};
};

// As it is drawn, with its mask or, without one, its box.
image::DrawnObject drawn_object(const detect::Detection& detection, std::span<const formats::ModelClass> classes,
                                LabelContent labels = LabelContent::scores);
image::DrawnObject drawn_object(const ClassScore& best, std::span<const formats::ModelClass> classes,
                                LabelContent labels = LabelContent::scores);
std::vector<image::DrawnObject> drawn_objects(const Prediction& found, std::span<const formats::ModelClass> classes,
                                              LabelContent labels = LabelContent::scores);
image::MaskWindow mask_window(const detect::Rle& mask);

image::Drawing draw(image::Image image, const Prediction& found, std::span<const formats::ModelClass> classes,
                    const DrawOptions& options = {});

// A list with an entry for each detection (image_id, category_id, bbox, score, category, file_name, and segmentation
// where the model gives masks), or for each image (image_id, file_name, category_id, category, score, and `classes`
// with the last three of each; `guesses` is the same list under the name that it had up to 0.2).
Json to_json(std::span<const ImagePrediction> predictions, std::span<const formats::ModelClass> classes);
std::string to_table(std::span<const ImagePrediction> predictions, std::span<const formats::ModelClass> classes);

}  // namespace spinenet::runtime
