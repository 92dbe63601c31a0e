#include "runtime/predict.h"

#include "arch/task.h"
#include "eval/top_k.h"
#include "runtime/detect_function.h"

namespace spinenet::runtime {
namespace {

std::vector<ClassScore> best_of(const std::vector<float>& scores, const detect::PostprocessOptions& post) {
  std::vector<ClassScore> best;
  for (const int label : eval::best_classes(scores, static_cast<int>(scores.size()))) {
    const float score = scores[static_cast<size_t>(label)];
    if (!detect::counts(post, label) || std::ssize(best) >= post.max_detections) continue;
    if (best.empty() || score >= post.score_threshold) best.push_back({label, score});
  }
  return best;
}

}  // namespace

PredictFunction make_predict_function(const PreparedModel& prepared, const detect::PostprocessOptions& post) {
  if (prepared.model.file.task != name_of(arch::Task::classify)) {
    return [detect = make_detect_function(prepared, post)](const image::Image& image) {
      return detect({&image, 1}).front();
    };
  }
  return [classifier = make_classifier(prepared), post](const image::Image& image) {
    return best_of(classifier.classify(image), post);
  };
}

}  // namespace spinenet::runtime
