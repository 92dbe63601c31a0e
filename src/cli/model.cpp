#include "cli/model.h"

#include <charconv>

#include "arch/text.h"
#include "base/error.h"
#include "base/format.h"
#include "cli/forward.h"
#include "graph/lower.h"
#include "graph/weights.h"

namespace spinenet {

bool is_model_path(std::string_view name) {
  return name.ends_with(".safetensors");
}

Model open_model(const std::filesystem::path& path) {
  Model model{path, read_model(path), {}};
  model.architecture = architecture_from_json(model.file.architecture, path.string() + ": architecture");
  return model;
}

namespace {

void require_model_task(const Model& model, Task task) {
  if (model.file.task == name_of(task)) return;
  fail(ErrorKind::unsupported, fmt::format("the model's task is \"{}\"", model.file.task), model.path.string(),
       fmt::format("a model for the task \"{}\" is needed here", name_of(task)));
}

// Of a classifier's picture; models say it in their metadata.
double center_crop_of(const Model& model) {
  const auto found = model.file.extra.find("center_crop");
  if (found == model.file.extra.end()) return ClassifierOptions{}.center_crop;
  double share = 0;
  const std::string& text = found->second;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), share);
  if (error != std::errc() || end != text.data() + text.size() || !(share > 0 && share <= 1)) {
    fail(ErrorKind::bad_data, fmt::format("metadata entry \"center_crop\" is \"{}\", not a share", text),
         model.path.string(), "the file was changed by hand: write it again");
  }
  return share;
}

}  // namespace

Classifier make_classifier(const Model& model, const RunOptions& options) {
  require_model_task(model, Task::classify);
  ClassifierOptions classifier;
  classifier.image_size = options.image_size > 0 ? options.image_size : model.file.image_size;
  classifier.classes = static_cast<int>(model.file.classes.size());
  classifier.normalization = {model.file.mean, model.file.std};
  classifier.center_crop = center_crop_of(model);
  const Program program = lower_classifier(
      model.architecture,
      {.height = classifier.image_size, .width = classifier.image_size, .classes = classifier.classes});
  check_weights(program, model.file.weights, model.path.string());
  return {make_forward(program, model.file.weights, options.threads, options.device), classifier};
}

Detector make_detector(const Model& model, const RunOptions& options) {
  require_model_task(model, Task::detect);
  DetectorOptions detector;
  detector.image_size = options.image_size > 0 ? options.image_size : model.file.image_size;
  detector.classes = static_cast<int>(model.file.classes.size());
  detector.normalization = {model.file.mean, model.file.std};
  detector.anchors = anchor_options(model.architecture);
  detector.post = options.post;
  const int side = input_size(detector.image_size, model.architecture.max_level);
  const Program program =
      lower_detector(model.architecture, {.height = side, .width = side, .classes = detector.classes});
  check_weights(program, model.file.weights, model.path.string());
  return {make_forward(program, model.file.weights, options.threads, options.device), detector};
}

}  // namespace spinenet
