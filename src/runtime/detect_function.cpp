#include "runtime/detect_function.h"

#include <charconv>
#include <limits>

#include "arch/task.h"
#include "base/error.h"
#include "base/format.h"
#include "engine/run/session.h"
#include "graph/anchors.h"
#include "runtime/detector.h"
#include "runtime/segmenter.h"
#include "runtime/two_stage_engine.h"

namespace spinenet::runtime {
namespace {

[[noreturn]] void refuse_task(const Model& model, std::string_view needed) {
  fail(ErrorKind::unsupported, fmt::format("the model's task is \"{}\"", model.file.task), model.path.string(),
       fmt::format("a model for the task \"{}\" is needed here", needed));
}

// A number that the training wrote into the model; `otherwise` where it says nothing.
template <class Number>
Number fact_of(const Model& model, const std::string& name, Number otherwise, Number most, std::string_view what) {
  const auto found = model.file.extra.find(name);
  if (found == model.file.extra.end()) return otherwise;
  Number value = 0;
  const std::string& text = found->second;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !(value > 0 && value <= most)) {
    fail(ErrorKind::bad_data, fmt::format("metadata entry \"{}\" is \"{}\", not {}", name, text, what),
         model.path.string(), "the file was changed by hand: write it again");
  }
  return value;
}

int count_of(const Model& model, const std::string& name, int otherwise) {
  return fact_of(model, name, otherwise, std::numeric_limits<int>::max(), "a number of at least 1");
}

TwoStageForward two_stages_of(const PreparedModel& prepared) {
  const PyramidLevels levels = levels_of(prepared.model.architecture);
  return std::visit(graph::Overloaded{
                        [&](const NetworkPlans& plans) { return engine_two_stage(two_stage_plans(plans), levels); },
                        [&](const NetworkForwards& forwards) { return two_stage_forward(forwards, levels); },
                    },
                    prepared.networks);
}

// The one network of a detector or classifier.
graph::Forward forward_of(const PreparedModel& prepared) {
  return std::visit(graph::Overloaded{
                        [](const NetworkPlans& plans) { return engine::engine_forward(plans.at(0)); },
                        [](const NetworkForwards& forwards) { return forwards.at(0); },
                    },
                    prepared.networks);
}

Segmenter make_segmenter(const PreparedModel& prepared, const detect::PostprocessOptions& post) {
  const Model& model = prepared.model;
  SegmenterOptions options;
  options.image_size = prepared.image_size;
  options.classes = static_cast<int>(model.file.classes.size());
  options.normalization = {model.file.mean, model.file.std};
  options.anchors = graph::proposal_anchors(model.architecture);
  options.post = post;
  options.proposals = proposal_options(model);
  return {two_stages_of(prepared), options};
}

Detector make_detector(const PreparedModel& prepared, const detect::PostprocessOptions& post) {
  const Model& model = prepared.model;
  DetectorOptions options;
  options.image_size = prepared.image_size;
  options.classes = static_cast<int>(model.file.classes.size());
  options.normalization = {model.file.mean, model.file.std};
  options.fit = image_fit_of(model);
  options.anchors = graph::anchor_options(model.architecture);
  if (model.architecture.head_kind == arch::HeadKind::yolo) options.yolo = graph::yolo_levels(model.architecture);
  options.post = post;
  return {forward_of(prepared), options};
}

}  // namespace

detect::PostprocessOptions usual_postprocess(const arch::Architecture& architecture) {
  detect::PostprocessOptions post;
  if (architecture.head_kind == arch::HeadKind::yolo) {
    post.score_threshold = 0.001F;
    post.iou = 0.6F;
  }
  return post;
}

detect::ImageFit image_fit_of(const Model& model) {
  const auto found = model.file.extra.find("image_fit");
  if (found == model.file.extra.end()) return detect::ImageFit::letterbox;
  return parse_enum<detect::ImageFit>(ErrorKind::bad_data, "image_fit", found->second, model.path.string());
}

detect::ProposalOptions proposal_options(const Model& model) {
  detect::ProposalOptions options = SegmenterOptions().proposals;
  options.pre_nms = count_of(model, "proposals_before_nms", options.pre_nms);
  options.post_nms = count_of(model, "proposals", options.post_nms);
  return options;
}

DetectFunction make_detect_function(const PreparedModel& prepared, const detect::PostprocessOptions& post) {
  switch (arch::task_named(prepared.model.file.task)) {
    case arch::Task::segment:
      return [segmenter = make_segmenter(prepared, post)](std::span<const image::Image> images) {
        return segmenter.segment(images);
      };
    case arch::Task::detect:
      return [detector = make_detector(prepared, post)](std::span<const image::Image> images) {
        return detector.detect(images);
      };
    case arch::Task::classify:
      break;
  }
  refuse_task(prepared.model, name_of(arch::Task::detect));
}

double center_crop_of(const Model& model) {
  return fact_of(model, "center_crop", ClassifierOptions().center_crop, 1.0, "a share");
}

Classifier make_classifier(const PreparedModel& prepared) {
  const Model& model = prepared.model;
  if (arch::task_named(model.file.task) != arch::Task::classify) refuse_task(model, name_of(arch::Task::classify));
  ClassifierOptions options;
  options.image_size = prepared.image_size;
  options.classes = static_cast<int>(model.file.classes.size());
  options.normalization = {model.file.mean, model.file.std};
  options.center_crop = center_crop_of(model);
  return {forward_of(prepared), options};
}

}  // namespace spinenet::runtime
