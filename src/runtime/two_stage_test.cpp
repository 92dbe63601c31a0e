// The engine's two stages against the plain ones: ROI align of detect/ and Forwards one after the other.
#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "arch/families.h"
#include "base/error.h"
#include "base/random.h"
#include "engine/run/session.h"
#include "graph/weights.h"
#include "runtime/prepare.h"
#include "runtime/two_stage_engine.h"

namespace spinenet::runtime {
namespace {

constexpr PyramidLevels kLevels{3, 7};
constexpr int kSide = 128, kTwoStageClasses = 3;

graph::TwoStageProgram small_network(int64_t channels) {
  arch::Architecture a = arch::named_architecture("spinenet-49");
  a.scaling.filter_size_scale = 0.15;
  a.scaling.endpoints_num_filters = static_cast<int>(channels);
  a.scaling.stem_filters = 8;
  a.two_stage.rpn_filters = a.two_stage.box_filters = a.two_stage.mask_filters = 32;
  a.two_stage.box_dense = 48;
  a.two_stage.box_thresholds = {0.5, 0.7};
  return graph::lower_two_stage(a, {.height = kSide, .width = kSide, .classes = kTwoStageClasses});
}

Weights weights_of_all(const graph::TwoStageProgram& network) {
  Weights all;
  for (const graph::Program& program : graph::programs_of(network)) {
    all.merge(graph::initial_weights(
        program, {.residual_norm_weight = 1, .deeper_norm_weight = 1, .predictor_deviation = 0.1}, all.size()));
  }
  return all;
}

graph::Forward alone(const graph::Program& program, const Weights& all) {
  return engine::engine_forward(engine::compile(program, graph::own_weights(program, all), {.skip = {"winograd"}}));
}

TwoStageForward in_engine(const graph::TwoStageProgram& network, const Weights& all,
                          const engine::CompileOptions& options) {
  Model model;
  model.file.weights = all;
  return engine_two_stage(two_stage_plans(compile_networks(graph::programs_of(network), model, options)), kLevels);
}

// Of all sizes, some of them over the edge.
std::vector<std::vector<detect::Detection>> random_detections(std::span<const size_t> counts) {
  Random random(7);
  std::vector<std::vector<detect::Detection>> found;
  for (const size_t count : counts) {
    found.emplace_back();
    for (size_t i = 0; i < count; ++i) {
      const auto x = static_cast<float>(random.uniform(-20, kSide)), y = static_cast<float>(random.uniform(-20, kSide));
      const double most = i % 3 == 0 ? 500 : 40;
      found.back().push_back(
          {{x, y, x + static_cast<float>(random.uniform(1, most)), y + static_cast<float>(random.uniform(1, most))},
           static_cast<int>(i) % kTwoStageClasses,
           0});
    }
  }
  return found;
}

double relative_error(const HostTensor& found, const HostTensor& expected) {
  EXPECT_EQ(found.shape, expected.shape);
  double difference = 0, largest = 1e-30;
  for (size_t i = 0; i < expected.data.size() && i < found.data.size(); ++i) {
    difference = std::max(difference, std::abs(static_cast<double>(found.data[i]) - expected.data[i]));
    largest = std::max(largest, std::abs(static_cast<double>(expected.data[i])));
  }
  return difference / largest;
}

TEST(TwoStage, TheEngineAgreesWithPlainForwards) {
  const std::vector<std::vector<detect::Detection>> found = random_detections(std::vector<size_t>{70, 3});
  std::vector<std::vector<detect::Box>> rois;
  for (const auto& of_one : found) {
    rois.emplace_back();
    for (const detect::Detection& detection : of_one) rois.back().push_back(detection.box);
  }
  HostTensor input = make_tensor({2, 3, kSide, kSide});
  Random random(5);
  for (float& x : input.data) x = static_cast<float>(random.uniform(-1, 1));
  for (const int64_t channels : {32, 20, 8, 2}) {
    const graph::TwoStageProgram network = small_network(channels);
    const Weights all = weights_of_all(network);
    std::vector<graph::Forward> forwards;
    for (const graph::Program& program : graph::programs_of(network)) forwards.push_back(alone(program, all));
    const TwoStageForward plain = two_stage_forward(std::move(forwards), kLevels);
    const auto expected = plain.trunk(input);
    std::vector<std::vector<HostTensor>> expected_boxes;
    for (const auto& head : plain.box_heads) expected_boxes.push_back(head(rois));
    ASSERT_EQ(expected_boxes.size(), 2U);
    EXPECT_NE(expected_boxes[0][0].data, expected_boxes[1][0].data);
    const HostTensor expected_masks = plain.mask_head(found);
    for (const kernels::Kernels& kernels : kernels::all_kernels()) {
      const engine::CompileOptions options{2, std::string(kernels.name), {"winograd"}, 2};
      const TwoStageForward fast = in_engine(network, all, options);
      EXPECT_EQ(fast.images, 2);
      const auto outputs = fast.trunk(input);
      ASSERT_EQ(outputs.size(), expected.size());
      for (size_t i = 0; i < outputs.size(); ++i) EXPECT_LT(relative_error(outputs[i], expected[i]), 1e-5);
      ASSERT_EQ(fast.box_heads.size(), expected_boxes.size());
      for (size_t stage = 0; stage < expected_boxes.size(); ++stage) {
        const auto boxes = fast.box_heads[stage](rois);
        ASSERT_EQ(boxes.size(), 2U);
        for (size_t i = 0; i < 2; ++i) EXPECT_LT(relative_error(boxes[i], expected_boxes[stage][i]), 1e-5);
      }
      EXPECT_LT(relative_error(fast.mask_head(found), expected_masks), 1e-5) << kernels.name << " " << channels;
    }
  }
}

TEST(TwoStage, NoRoisGiveNoRows) {
  const graph::TwoStageProgram network = small_network(32);
  const TwoStageForward fast = in_engine(network, weights_of_all(network), {});
  fast.trunk(make_tensor({1, 3, kSide, kSide}));
  const auto boxes = fast.box_heads.at(1)(std::vector<std::vector<detect::Box>>(1));
  EXPECT_EQ(boxes.at(0).shape, (std::vector<int64_t>{0, kTwoStageClasses + 1, 1, 1}));
  EXPECT_EQ(fast.mask_head(std::vector<std::vector<detect::Detection>>(1)).shape, (std::vector<int64_t>{0, 28, 28}));
}

TEST(TwoStage, CropsAreReadFromTheLevelOfTheRoi) {
  const auto trunk = [](const HostTensor&) {
    std::vector<HostTensor> outputs(6, make_tensor({1, 1, 1, 1}));
    outputs[0] = make_tensor({1, 1, 16, 16}, 1.0F);
    outputs[1] = make_tensor({1, 1, 8, 8}, 2.0F);
    return outputs;
  };
  const auto same = [](const HostTensor& x) { return std::vector<HostTensor>{x}; };
  const TwoStageForward network = two_stage_forward({trunk, same, same}, {3, 4});
  EXPECT_EQ(network.trunk({}).size(), 4U);
  const std::vector<std::vector<detect::Box>> rois{{{0, 0, 60, 60}, {0, 0, 230, 230}}};
  const std::vector<HostTensor> crops = network.box_heads.at(0)(rois);
  ASSERT_EQ(crops[0].shape, (std::vector<int64_t>{2, 1, 7, 7}));
  EXPECT_NEAR(crops[0].data[0], 1, 1e-6);
  EXPECT_NEAR(crops[0].data[49], 2, 1e-6);
}

TEST(TwoStage, ATrunkOfAnotherKindIsRefused) {
  const auto none = [](const HostTensor&) { return std::vector<HostTensor>(2); };
  try {
    two_stage_forward({none, none, none}, {3, 7}).trunk({});
    ADD_FAILURE() << "accepted";
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "the network gave 2 outputs where 15 are needed");
  }
}

}  // namespace
}  // namespace spinenet::runtime
