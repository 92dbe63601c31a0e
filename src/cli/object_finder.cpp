#include "cli/object_finder.h"

#include <charconv>

#include "arch/task.h"
#include "base/error.h"
#include "base/format.h"
#include "cli/forward.h"
#include "engine/segmenter.h"
#include "graph/lower_two_stage.h"
#include "graph/weights.h"

namespace spinenet {
namespace {

// One of the three programs, with its own weights out of all.
Forward forward_of(const Program& program, const Weights& all, const RunOptions& options) {
  Weights own;
  for (const Parameter& parameter : program.parameters) own.insert(*all.find(parameter.name));
  return make_forward(program, own, options.threads, options.device);
}

// A number that the training wrote into the model; `otherwise` where it says nothing.
int fact_of(const Model& model, const std::string& name, int otherwise) {
  const auto found = model.file.extra.find(name);
  if (found == model.file.extra.end()) return otherwise;
  int value = 0;
  const std::string& text = found->second;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 1) {
    fail(ErrorKind::bad_data, fmt::format("metadata entry \"{}\" is \"{}\", not a number of at least 1", name, text),
         model.path.string(), "the file was changed by hand: write it again");
  }
  return value;
}

Segmenter make_segmenter(const Model& model, const RunOptions& options) {
  SegmenterOptions segmenter;
  segmenter.image_size = options.image_size > 0 ? options.image_size : model.file.image_size;
  segmenter.classes = static_cast<int>(model.file.classes.size());
  segmenter.normalization = {model.file.mean, model.file.std};
  segmenter.anchors = proposal_anchors(model.architecture);
  segmenter.post = options.post;
  segmenter.proposals.pre_nms = fact_of(model, "proposals_before_nms", segmenter.proposals.pre_nms);
  segmenter.proposals.post_nms = fact_of(model, "proposals", segmenter.proposals.post_nms);
  const int side = input_size(segmenter.image_size, model.architecture.max_level);
  const TwoStageProgram network =
      lower_two_stage(model.architecture, {.height = side, .width = side, .classes = segmenter.classes});
  const Program* programs[] = {&network.trunk, &network.box_head, &network.mask_head};
  Program all;
  for (const Program* program : programs) {
    all.parameters.insert(all.parameters.end(), program->parameters.begin(), program->parameters.end());
  }
  const Weights& weights = model.file.weights;
  check_weights(all, weights, model.path.string());
  const int level = model.architecture.min_level;
  return {{forward_of(network.trunk, weights, options),
           crop_and_run(forward_of(network.box_head, weights, options), level, kBoxCrop),
           crop_and_run(forward_of(network.mask_head, weights, options), level, kMaskCrop)},
          segmenter};
}

}  // namespace

ObjectFinder make_object_finder(const Model& model, const RunOptions& options) {
  if (model.file.task == name_of(Task::segment)) {
    return [segmenter = make_segmenter(model, options)](std::span<const Image> images) {
      return segmenter.segment(images);
    };
  }
  return [detector = make_detector(model, options)](std::span<const Image> images) { return detector.detect(images); };
}

}  // namespace spinenet
