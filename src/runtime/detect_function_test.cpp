#include "runtime/detect_function.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "engine/compile/compile.h"
#include "engine/run/session.h"
#include "runtime/networks.h"
#include "runtime/test_models.h"

namespace spinenet::runtime {
namespace {

// Each network by itself, as another device would run it.
PreparedModel one_by_one(const Model& model) {
  const auto compiled = [](const graph::Program& program, const Weights& weights, int threads, const std::string&) {
    return engine::engine_forward(engine::compile(program, weights, {.threads = threads}));
  };
  return prepare(model, {.device = "other", .other_device = compiled});
}

PreparedModel with_forwards(const Model& model, NetworkForwards forwards) {
  return {model, model.file.image_size, 1, std::move(forwards)};
}

std::string message_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(DetectFunction, AnswersForEveryTask) {
  const image::Image picture = image::make_image(80, 100, 90);
  const detect::PostprocessOptions post{.score_threshold = 0.0F, .max_detections = 7};
  for (const arch::Task task : {arch::Task::detect, arch::Task::segment}) {
    const auto found = make_detect_function(one_by_one(model_for(task)), post)({&picture, 1});
    ASSERT_EQ(found.size(), 1U);
    ASSERT_EQ(found[0].size(), 7U) << name_of(task);
    for (const detect::Detection& d : found[0]) EXPECT_EQ(d.mask.counts.empty(), task == arch::Task::detect);
  }
  EXPECT_EQ(make_classifier(one_by_one(model_for(arch::Task::classify))).classify(picture).size(), 2U);
}

arch::Architecture cascade() {
  arch::Architecture a = narrow();
  a.two_stage.box_thresholds = {0.5, 0.6, 0.7};
  return a;
}

// Whole networks in the engine against Forwards one by one.
TEST(DetectFunction, AnswersTheSameWithPlans) {
  const std::vector<image::Image> images{image::make_image(80, 100, 90), image::make_image(100, 60, 200)};
  const detect::PostprocessOptions post{.score_threshold = 0.0F, .max_detections = 7};
  for (const auto& [task, architecture] :
       {std::pair(arch::Task::detect, narrow()), {arch::Task::segment, narrow()}, {arch::Task::segment, cascade()}}) {
    const Model model = model_for(task, architecture);
    const auto found = make_detect_function(prepare(model, {.threads = 2}), post)(images);
    const auto expected = make_detect_function(one_by_one(model), post)(images);
    for (size_t i = 0; i < images.size(); ++i) {
      ASSERT_EQ(found[i].size(), expected[i].size());
      EXPECT_NEAR(found[i][0].score, expected[i][0].score, 1e-5) << name_of(task);
      EXPECT_NEAR(found[i][0].box.x1, expected[i][0].box.x1, 1e-2) << name_of(task);
    }
  }
  const PreparedModel classifies{model_for(arch::Task::classify), 100, 1, NetworkPlans{}};
  EXPECT_NE(message_of([&] { make_detect_function(classifies, {}); }).find("classify"), std::string::npos);
}

arch::Architecture narrow_yolo(const char* name) {
  arch::Architecture a = arch::named_architecture(name);
  a.scaling.filter_size_scale = 0.1;
  a.scaling.stem_filters = 8;
  a.scaling.endpoints_num_filters = 16;
  a.head_kind = arch::HeadKind::yolo;
  return a;
}

TEST(DetectFunction, AnswersOfAYoloHead) {
  const std::vector<image::Image> images{image::make_image(80, 100, 90), image::make_image(100, 60, 200)};
  for (const char* name : {"yolov4", "yolov4-tiny", "spinenet-49"}) {
    const arch::Architecture architecture = narrow_yolo(name);
    EXPECT_FLOAT_EQ(usual_postprocess(architecture).iou, 0.6F);
    Model model = model_for(arch::Task::detect, architecture);
    const detect::PostprocessOptions post{.score_threshold = 0.0F, .iou = 0.6F, .max_detections = 7};
    const auto found = make_detect_function(prepare(model, {.threads = 2}), post)(images);
    const auto expected = make_detect_function(one_by_one(model), post)(images);
    ASSERT_EQ(found.size(), 2U);
    for (size_t i = 0; i < images.size(); ++i) {
      ASSERT_EQ(found[i].size(), 7U) << name;
      EXPECT_NEAR(found[i][0].score, expected[i][0].score, 1e-5) << name;
    }
    model.file.extra["image_fit"] = "stretch";
    EXPECT_EQ(image_fit_of(model), detect::ImageFit::stretch);
    model.file.extra["image_fit"] = "stretched";
    EXPECT_NE(message_of([&] { make_detect_function(prepare(model, {.threads = 1}), post); }).find("image_fit"),
              std::string::npos);
  }
}

TEST(DetectFunction, RefusesAModelOfAnotherTask) {
  const Model detects = model_for(arch::Task::detect), classifies = model_for(arch::Task::classify);
  EXPECT_EQ(message_of([&] { make_classifier(with_forwards(detects, {})); }),
            "m.safetensors: the model's task is \"detect\"; a model for the task \"classify\" is needed here");
  EXPECT_NE(message_of([&] { make_detect_function(with_forwards(classifies, {}), {}); }).find("task is \"classify\""),
            std::string::npos);
}

TEST(DetectFunction, RefusesWeightsAndMetadataThatMakeNoSense) {
  Model model = model_for(arch::Task::segment);
  model.file.weights.erase(model.file.weights.begin());
  EXPECT_NE(message_of([&] { networks_of(model); }).find("the weights do not fit the network (1 tensors)"),
            std::string::npos);
  model.file.extra["proposals"] = "0";
  const graph::Forward none = [](const HostTensor&) { return std::vector<HostTensor>{}; };
  EXPECT_NE(message_of([&] {
              make_detect_function(with_forwards(model, {none, none, none}), {});
            }).find("entry \"proposals\" is \"0\", not a number of at least 1"),
            std::string::npos);
}

}  // namespace
}  // namespace spinenet::runtime
