// A model of any task made ready to predict what is in an image.
//
// Thread contract: as detect_function.h.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "detect/postprocess.h"
#include "image/image.h"
#include "runtime/prediction.h"
#include "runtime/prepare.h"

namespace spinenet::runtime {

// What of a prediction is shown; nothing where the usual is wanted: objects of at least kObjectThreshold, kMostObjects
// of them at most; a classifier's best kMostClasses classes.
struct ShownOptions {
  std::optional<double> threshold;    // 0 to 1
  std::optional<int> max_detections;  // of an image, 1 to kMostShown; of a classifier so many classes
  std::optional<int> max_per_class;   // 1 to kMostShown; not of a classifier
};
inline constexpr double kObjectThreshold = 0.3;
inline constexpr int kMostObjects = 100, kMostClasses = 5, kMostShown = 100'000;

// ErrorKind::usage for what is out of range.
detect::PostprocessOptions shown_postprocess(const Model& model, const ShownOptions& wanted);

using PredictFunction = std::function<Prediction(const image::Image&)>;

// Of a classifier's probabilities of all classes: the best ones, as make_predict_function shows them.
std::vector<ClassScore> shown_classes(std::span<const float> scores, const detect::PostprocessOptions& post);

// Of a detector, the objects of at least the score and at most the number of `post`; of a classifier, at most so many
// of the best classes, without those after the first whose score is below that. Both of the classes that count alone.
PredictFunction make_predict_function(const PreparedModel& prepared, const detect::PostprocessOptions& post);

}  // namespace spinenet::runtime
