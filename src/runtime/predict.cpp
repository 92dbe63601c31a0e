#include "runtime/predict.h"

#include <algorithm>

#include "arch/task.h"
#include "base/error.h"
#include "base/format.h"
#include "eval/top_k.h"
#include "runtime/detect_function.h"

namespace spinenet::runtime {
namespace {

void check_range(std::string_view what, double value, double least, double most) {
  if (value >= least && value <= most) return;
  fail(ErrorKind::usage, fmt::format("{} {}", what, value), "predict", fmt::format("use {} to {}", least, most));
}

}  // namespace

detect::PostprocessOptions shown_postprocess(const Model& model, const ShownOptions& wanted) {
  const bool classes = model.file.task == name_of(arch::Task::classify);
  if (classes && wanted.max_per_class) {
    fail(ErrorKind::usage, "a number of objects of each class is for models that find objects", model.path.string(),
         "give the number of classes that are shown");
  }
  detect::PostprocessOptions post = usual_postprocess(model.architecture);
  const double threshold = wanted.threshold.value_or(classes ? 0 : kObjectThreshold);
  post.max_detections = wanted.max_detections.value_or(classes ? kMostClasses : kMostObjects);
  post.max_per_class = wanted.max_per_class.value_or(post.max_per_class);
  check_range("a score threshold of", threshold, 0, 1);
  check_range("at most", post.max_detections, 1, kMostShown);
  if (wanted.max_per_class) check_range("at most", post.max_per_class, 1, kMostShown);
  post.score_threshold = static_cast<float>(threshold);
  post.pre_nms = std::max(post.pre_nms, post.max_detections);
  return post;
}

std::vector<ClassScore> shown_classes(std::span<const float> scores, const detect::PostprocessOptions& post) {
  std::vector<ClassScore> best;
  for (const int label : eval::best_classes(scores, static_cast<int>(scores.size()))) {
    const float score = scores[static_cast<size_t>(label)];
    if (!detect::counts(post, label) || std::ssize(best) >= post.max_detections) continue;
    if (best.empty() || score >= post.score_threshold) best.push_back({label, score});
  }
  return best;
}

PredictFunction make_predict_function(const PreparedModel& prepared, const detect::PostprocessOptions& post) {
  if (prepared.model.file.task != name_of(arch::Task::classify)) {
    return [detect = make_detect_function(prepared, post)](const image::Image& image) {
      return detect({&image, 1}).front();
    };
  }
  return [classifier = make_classifier(prepared), post](const image::Image& image) {
    return shown_classes(classifier.classify(image), post);
  };
}

}  // namespace spinenet::runtime
