#include "runtime/object_finder.h"

#include <gtest/gtest.h>

#include "arch/families.h"
#include "arch/task.h"
#include "arch/text.h"
#include "base/error.h"
#include "engine/compile/compile.h"
#include "engine/run/session.h"
#include "graph/lower.h"
#include "graph/lower_two_stage.h"
#include "graph/weights.h"
#include "runtime/networks.h"

namespace spinenet::runtime {
namespace {

arch::Architecture narrow() {
  arch::Architecture a = arch::named_architecture("spinenet-49s");
  a.scaling.filter_size_scale = 0.1;
  a.scaling.endpoints_num_filters = 16;
  a.head.filters = 16;
  a.head.convs = 1;
  a.two_stage.rpn_filters = a.two_stage.box_filters = a.two_stage.mask_filters = 16;
  a.two_stage.box_convs = a.two_stage.mask_convs = 1;
  a.two_stage.box_dense = 32;
  return a;
}

Model model_for(arch::Task task, const arch::Architecture& architecture = narrow()) {
  Model model{"m.safetensors", {}, architecture};
  model.file.architecture = to_json(model.architecture);
  model.file.task = name_of(task);
  model.file.classes = {{3, "apple"}, {7, "pear"}};
  model.file.image_size = 100;
  const graph::LowerOptions lower{.height = 128, .width = 128, .classes = 2};
  const graph::InitOptions lively{.residual_norm_weight = 1, .predictor_deviation = 0.1};
  switch (task) {
    case arch::Task::detect:
      model.file.weights = graph::initial_weights(graph::lower_detector(model.architecture, lower), lively, 1);
      break;
    case arch::Task::classify:
      model.file.weights = graph::initial_weights(graph::lower_classifier(model.architecture, lower), lively, 1);
      break;
    case arch::Task::segment:
      for (const graph::Program& part : graph::programs_of(graph::lower_two_stage(model.architecture, lower))) {
        model.file.weights.merge(graph::initial_weights(part, lively, 1));
      }
      break;
  }
  return model;
}

graph::Forward compiled(const graph::Program& program, const Weights& weights) {
  return engine::engine_forward(engine::compile(program, weights, {}));
}

std::string message_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(ObjectFinder, AnswersForEveryTask) {
  const image::Image picture = image::make_image(80, 100, 90);
  const FinderOptions options{.image_size = 0, .post = {.score_threshold = 0.0F, .max_detections = 7}};
  for (const arch::Task task : {arch::Task::detect, arch::Task::segment}) {
    const Model model = model_for(task);
    const auto found = make_object_finder(model, options, forwards_of(model, 0, compiled))({&picture, 1});
    ASSERT_EQ(found.size(), 1U);
    ASSERT_EQ(found[0].size(), 7U) << name_of(task);
    for (const detect::Detection& d : found[0]) EXPECT_EQ(d.mask.counts.empty(), task == arch::Task::detect);
  }
  const Model model = model_for(arch::Task::classify);
  EXPECT_EQ(make_classifier(model, 0, forwards_of(model, 0, compiled)).classify(picture).size(), 2U);
}

arch::Architecture cascade() {
  arch::Architecture a = narrow();
  a.two_stage.box_thresholds = {0.5, 0.6, 0.7};
  return a;
}

// Whole networks in the engine against Forwards one by one.
TEST(ObjectFinder, AnswersTheSameWithPlans) {
  const std::vector<image::Image> pictures{image::make_image(80, 100, 90), image::make_image(100, 60, 200)};
  const FinderOptions options{.image_size = 0, .post = {.score_threshold = 0.0F, .max_detections = 7}};
  for (const auto& [task, architecture] :
       {std::pair(arch::Task::detect, narrow()), {arch::Task::segment, narrow()}, {arch::Task::segment, cascade()}}) {
    const Model model = model_for(task, architecture);
    NetworkPlans plans;
    const std::vector<graph::Program> networks = networks_of(model);
    for (const graph::Program& program : networks) {
      const int batch = engine_batch(plans.size(), networks.size());
      const bool crops = !plans.empty();
      plans.push_back(engine::compile(program, graph::own_weights(program, model.file.weights),
                                      {.threads = 2, .batch = batch, .crops = crops}));
    }
    const auto found = make_object_finder(model, options, plans)(pictures);
    const auto expected = make_object_finder(model, options, forwards_of(model, 0, compiled))(pictures);
    for (size_t i = 0; i < pictures.size(); ++i) {
      ASSERT_EQ(found[i].size(), expected[i].size());
      EXPECT_NEAR(found[i][0].score, expected[i][0].score, 1e-5) << name_of(task);
      EXPECT_NEAR(found[i][0].box.x1, expected[i][0].box.x1, 1e-2) << name_of(task);
    }
  }
  EXPECT_NE(
      message_of([&] { make_object_finder(model_for(arch::Task::classify), {}, NetworkPlans{}); }).find("classify"),
      std::string::npos);
}

TEST(ObjectFinder, RefusesAModelOfAnotherTask) {
  const Model detects = model_for(arch::Task::detect), classifies = model_for(arch::Task::classify);
  EXPECT_EQ(message_of([&] { make_classifier(detects, 0, {}); }),
            "m.safetensors: the model's task is \"detect\"; a model for the task \"classify\" is needed here");
  EXPECT_NE(message_of([&] {
              make_object_finder(classifies, {}, std::vector<graph::Forward>{});
            }).find("task is \"classify\""),
            std::string::npos);
}

TEST(ObjectFinder, RefusesWeightsAndMetadataThatMakeNoSense) {
  Model model = model_for(arch::Task::segment);
  model.file.weights.erase(model.file.weights.begin());
  EXPECT_NE(message_of([&] { networks_of(model); }).find("the weights do not fit the network (1 tensors)"),
            std::string::npos);
  model.file.extra["proposals"] = "0";
  const graph::Forward none = [](const HostTensor&) { return std::vector<HostTensor>{}; };
  EXPECT_NE(message_of([&] {
              make_object_finder(model, {}, std::vector<graph::Forward>{none, none, none});
            }).find("entry \"proposals\" is \"0\", not a number of at least 1"),
            std::string::npos);
}

}  // namespace
}  // namespace spinenet::runtime
