#include "cli/predictor.h"

#include <algorithm>

#include "arch/task.h"
#include "eval/top_k.h"

namespace spinenet::cli {
namespace {

constexpr int kMostGuesses = 5;

std::vector<ClassGuess> guesses_of(const std::vector<float>& scores, const detect::PostprocessOptions& options) {
  std::vector<ClassGuess> guesses;
  for (const int label : eval::best_classes(scores, std::min(kMostGuesses, options.max_detections))) {
    const float score = scores[static_cast<size_t>(label)];
    if (guesses.empty() || score >= options.score_threshold) guesses.push_back({label, score});
  }
  return guesses;
}

}  // namespace

Predictor make_predictor(const runtime::Model& model, const RunOptions& options) {
  if (model.file.task != name_of(arch::Task::classify)) {
    return [find = make_object_finder(model, options)](const image::Image& image) { return find({&image, 1}).front(); };
  }
  return [classifier = make_classifier(model, options), post = options.post](const image::Image& image) {
    return guesses_of(classifier.classify(image), post);
  };
}

}  // namespace spinenet::cli
