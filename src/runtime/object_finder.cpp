#include "runtime/object_finder.h"

#include <charconv>
#include <limits>

#include "arch/task.h"
#include "base/error.h"
#include "base/format.h"
#include "engine/run/session.h"
#include "graph/lower_two_stage.h"
#include "runtime/detector.h"
#include "runtime/networks.h"
#include "runtime/segmenter.h"

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

SegmenterOptions segmenter_options(const Model& model, const FinderOptions& options) {
  SegmenterOptions segmenter;
  segmenter.image_size = image_size_of(model, options.image_size);
  segmenter.classes = static_cast<int>(model.file.classes.size());
  segmenter.normalization = {model.file.mean, model.file.std};
  segmenter.anchors = proposal_anchors(model.architecture);
  segmenter.post = options.post;
  segmenter.proposals = proposal_options(model);
  return segmenter;
}

PyramidLevels levels_of(const Model& model) {
  return {model.architecture.min_level, model.architecture.max_level};
}

Detector make_detector(const Model& model, const FinderOptions& options, graph::Forward network) {
  DetectorOptions detector;
  detector.image_size = image_size_of(model, options.image_size);
  detector.classes = static_cast<int>(model.file.classes.size());
  detector.normalization = {model.file.mean, model.file.std};
  detector.anchors = anchor_options(model.architecture);
  detector.post = options.post;
  return {std::move(network), detector};
}

ObjectFinder finder_of(Segmenter segmenter) {
  return [segmenter = std::move(segmenter)](std::span<const image::Image> images) { return segmenter.segment(images); };
}

ObjectFinder finder_of(Detector detector) {
  return [detector = std::move(detector)](std::span<const image::Image> images) { return detector.detect(images); };
}

}  // namespace

detect::ProposalOptions proposal_options(const Model& model) {
  detect::ProposalOptions options = SegmenterOptions().proposals;
  options.pre_nms = count_of(model, "proposals_before_nms", options.pre_nms);
  options.post_nms = count_of(model, "proposals", options.post_nms);
  return options;
}

ObjectFinder make_object_finder(const Model& model, const FinderOptions& options,
                                std::vector<graph::Forward> networks) {
  switch (arch::task_named(model.file.task)) {
    case arch::Task::segment: {
      const SegmenterOptions how = segmenter_options(model, options);
      return finder_of(Segmenter(two_stage_forward(std::move(networks), levels_of(model)), how));
    }
    case arch::Task::detect:
      return finder_of(make_detector(model, options, std::move(networks.at(0))));
    case arch::Task::classify:
      break;
  }
  refuse_task(model, name_of(arch::Task::detect));
}

ObjectFinder make_object_finder(const Model& model, const FinderOptions& options, const NetworkPlans& plans) {
  switch (arch::task_named(model.file.task)) {
    case arch::Task::segment: {
      const SegmenterOptions how = segmenter_options(model, options);
      return finder_of(Segmenter(engine_two_stage(two_stage_plans(plans), levels_of(model)), how));
    }
    case arch::Task::detect:
      return finder_of(make_detector(model, options, engine::engine_forward(plans.at(0))));
    case arch::Task::classify:
      break;
  }
  refuse_task(model, name_of(arch::Task::detect));
}

double center_crop_of(const Model& model) {
  return fact_of(model, "center_crop", ClassifierOptions().center_crop, 1.0, "a share");
}

Classifier make_classifier(const Model& model, int image_size, std::vector<graph::Forward> networks) {
  if (arch::task_named(model.file.task) != arch::Task::classify) refuse_task(model, name_of(arch::Task::classify));
  ClassifierOptions classifier;
  classifier.image_size = image_size_of(model, image_size);
  classifier.classes = static_cast<int>(model.file.classes.size());
  classifier.normalization = {model.file.mean, model.file.std};
  classifier.center_crop = center_crop_of(model);
  return {std::move(networks.at(0)), classifier};
}

}  // namespace spinenet::runtime
