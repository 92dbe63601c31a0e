#include "cli/model.h"

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

Detector make_detector(const Model& model, const RunOptions& options) {
  if (model.file.task != "detect") {
    fail(ErrorKind::unsupported, fmt::format("the model's task is \"{}\"", model.file.task), model.path.string(),
         "this version detects only");
  }
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
