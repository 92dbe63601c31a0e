#include "formats/import/names_spinenet.h"

#include <algorithm>
#include <numeric>
#include <set>

#include <gtest/gtest.h>

#include "arch/families.h"
#include "base/error.h"
#include "base/format.h"
#include "graph/lower.h"
#include "graph/lower_two_stage.h"

namespace spinenet::formats {
namespace {

arch::Architecture small_spinenet() {
  arch::Architecture architecture = arch::named_architecture("spinenet-49s");
  architecture.scaling.filter_size_scale = 0.1;
  architecture.scaling.endpoints_num_filters = 4;
  architecture.head.filters = 4;
  architecture.head.convs = 1;
  return architecture;
}

void put(SourceTensors& source, const std::string& name, std::vector<int64_t> shape,
         const std::string& full_name = {}) {
  SourceTensor tensor;
  tensor.shape = std::move(shape);
  tensor.full_name = full_name;
  source.tensors.emplace(name, std::move(tensor));
}

// A garden backbone of spinenet-49: its layers numbered from the last to the first, so that no order but that of the
// full names is right.
SourceTensors garden_source() {
  SourceTensors source;
  source.place = "test.index";
  const std::set<int> residual{3, 6, 8, 9};
  int place = 500;
  const auto layer = [&] { return fmt::format("backbone/layer_with_weights-{}/", place--); };
  for (int k = 0; k < 82; ++k) {  // 1 stem, 15 blocks x 2 parents x 2, 16 more to come down, 5 endpoints
    put(source, layer() + "kernel", {1}, fmt::format("conv2d_{}/kernel", 10 * k + 3));
    const std::string norm = layer();
    for (const char* name : {"gamma", "beta", "moving_mean", "moving_variance"}) {
      put(source, norm + name, {1}, fmt::format("batch_normalization_{}/{}", 10 * k + 3, name));
    }
  }
  int bottlenecks = 0, residuals = 0;
  for (int block = 0; block < 17; ++block) {
    const bool two = residual.contains(block);
    const std::string scope =
        two ? fmt::format("residual_block_{}", residuals++) : fmt::format("bottleneck_block_{}", bottlenecks++);
    const std::string name = layer();
    for (int k = 1; k <= (two ? 2 : 3); ++k)
      put(source, fmt::format("{}_conv{}/kernel", name, k), {1}, scope + "/conv2d/kernel");
  }
  return source;
}

std::string source_of(const Naming& naming, const std::string& parameter) {
  for (const ParameterRule& rule : naming.rules) {
    if (rule.parameter == parameter) return rule.sources.at(0);
  }
  return "none";
}

int conv_count(const arch::Architecture& architecture) {
  int count = 0;
  for (const graph::Op& op : graph::lower_backbone(architecture, {.height = 128, .width = 128}).ops) {
    count += std::holds_alternative<graph::Conv>(op.kind) && !op.name.starts_with("blocks.") ? 1 : 0;
  }
  return count;
}

TEST(NamesSpineNet, GardenLayersAreFoundByTheOrderOfTheirNames) {
  ASSERT_EQ(conv_count(small_spinenet()), 82);
  const SourceTensors source = garden_source();
  ASSERT_EQ(spinenet_source(source), SpineNetSource::garden);
  const Naming naming = spinenet_naming(source, small_spinenet(), arch::Task::detect, 3);
  EXPECT_EQ(source_of(naming, "stem.conv.weight"), "backbone/layer_with_weights-500/kernel");
  EXPECT_EQ(source_of(naming, "stem.bn.running_var"), "backbone/layer_with_weights-499/moving_variance");
  EXPECT_EQ(source_of(naming, "resample.2.0.squeeze.weight"), "backbone/layer_with_weights-498/kernel");
  EXPECT_EQ(source_of(naming, "resample.2.0.expand_bn.weight"), "backbone/layer_with_weights-495/gamma");
  EXPECT_EQ(source_of(naming, "endpoints.p7.bn.bias"), "backbone/layer_with_weights-337/beta");
  EXPECT_EQ(source_of(naming, "blocks.0.0.shortcut.weight"), "backbone/layer_with_weights-336/_shortcut/kernel");
  EXPECT_EQ(source_of(naming, "blocks.0.0.shortcut_bn.weight"), "backbone/layer_with_weights-336/_norm0/gamma");
  EXPECT_EQ(source_of(naming, "blocks.3.0.conv2.weight"), "backbone/layer_with_weights-333/_conv2/kernel");
  EXPECT_EQ(source_of(naming, "blocks.16.0.bn3.bias"), "backbone/layer_with_weights-320/_norm3/beta");
  EXPECT_EQ(source_of(naming, "head.class.predict.weight"), "none");
  EXPECT_EQ(naming.architecture.padding, arch::Padding::same);
  EXPECT_EQ(naming.architecture.large_downsample, arch::LargeDownsample::repeated_pools);
  EXPECT_EQ(naming.architecture.batch_norm.epsilon, 1e-3);
  EXPECT_EQ(naming.architecture.head.aspect_ratios, (std::vector{0.5, 1.0, 2.0}));
}

TEST(NamesSpineNet, ABackboneOfAnotherArchitectureIsRefused) {
  SourceTensors source = garden_source();
  const arch::Architecture other = arch::named_architecture("spinenet-96");
  try {
    spinenet_naming(source, other, arch::Task::classify, 3);
    FAIL() << "not refused";
  } catch (const Error& error) {
    EXPECT_EQ(std::string(error.what()),
              "test.index: its backbone has 13 bottleneck blocks, the architecture asked for 26; name the architecture "
              "that the checkpoint was trained with");
  }
}

TEST(NamesSpineNet, LayersWithoutANameAreRefused) {
  SourceTensors source = garden_source();
  source.tensors.begin()->second.full_name.clear();
  EXPECT_THROW(spinenet_naming(source, small_spinenet(), arch::Task::detect, 3), Error);
}

TEST(NamesSpineNet, GardenHeadIsTakenWhereTheClassesAgree) {
  SourceTensors source = garden_source();
  put(source, "head/_classifier/kernel", {3, 3, 4, 9 * 4});
  const SpineNetHeads heads = spinenet_heads(source, small_spinenet());
  EXPECT_EQ(heads.task, arch::Task::detect);
  EXPECT_EQ(heads.classes, 3);
  const Naming naming = spinenet_naming(source, small_spinenet(), arch::Task::detect, 3);
  EXPECT_EQ(source_of(naming, "head.class.predict.weight"), "head/_classifier/kernel");
  EXPECT_EQ(source_of(naming, "head.class.conv0.bias"), "head/_cls_convs/0/bias");
  EXPECT_EQ(source_of(naming, "head.box.bn0.p5.running_mean"), "head/_box_norms/2/0/moving_mean");
  EXPECT_EQ(source_of(naming, "head.box.predict.bias"), "head/_box_regressor/bias");
  const Naming other = spinenet_naming(source, small_spinenet(), arch::Task::detect, 2);
  EXPECT_EQ(source_of(other, "head.class.predict.weight"), "none");
}

SourceTensors tpu_source() {
  SourceTensors source;
  source.place = "test.index";
  put(source, "spinenet/conv2d/kernel", {7, 7, 3, 64});
  return source;
}

TEST(NamesSpineNet, TpuLayersAreNumberedInTheirScopes) {
  SourceTensors source = tpu_source();
  put(source, "retinanet/class_net/class-predict/kernel", {3, 3, 4, 9 * 4});
  ASSERT_EQ(spinenet_source(source), SpineNetSource::tpu);
  const Naming naming = spinenet_naming(source, small_spinenet(), arch::Task::detect, 3);
  EXPECT_EQ(source_of(naming, "stem.conv.weight"), "spinenet/conv2d/kernel");
  EXPECT_EQ(source_of(naming, "blocks.0.0.shortcut.weight"), "spinenet/conv2d_1/kernel");
  EXPECT_EQ(source_of(naming, "blocks.0.0.conv1.weight"), "spinenet/conv2d_2/kernel");
  EXPECT_EQ(source_of(naming, "blocks.1.0.bn3.weight"), "spinenet/batch_normalization_7/gamma");
  EXPECT_EQ(source_of(naming, "endpoints.p3.conv.weight"), "spinenet/conv2d_8/kernel");
  EXPECT_EQ(source_of(naming, "endpoints.p7.bn.bias"), "spinenet/batch_normalization_12/beta");
  EXPECT_EQ(source_of(naming, "resample.3.1.down.weight"),
            "spinenet/sub_policy1/resample_with_alpha_resample_1_1/conv2d_1/kernel");
  EXPECT_EQ(source_of(naming, "resample.2.0.expand.weight"),
            "spinenet/sub_policy0/resample_with_alpha_resample_0_0/conv2d_1/kernel");
  EXPECT_EQ(source_of(naming, "blocks.16.0.conv3.weight"),
            "spinenet/sub_policy14/scale_permuted_block_16/conv2d_2/kernel");
  EXPECT_EQ(source_of(naming, "head.class.conv0.weight"), "retinanet/class_net/class-0/kernel");
  EXPECT_EQ(source_of(naming, "head.class.bn0.p4.weight"), "retinanet/class_net/class-0-4/gamma");
  EXPECT_EQ(source_of(naming, "head.box.predict.bias"), "retinanet/box_net/box-predict/bias");
  EXPECT_EQ(naming.architecture.padding, arch::Padding::symmetric);
  EXPECT_EQ(naming.architecture.large_downsample, arch::LargeDownsample::single_pool);
  EXPECT_EQ(naming.architecture.batch_norm.epsilon, 1e-4);
  EXPECT_EQ(naming.architecture.head.aspect_ratios, (std::vector{1.0, 2.0, 0.5}));
}

TEST(NamesSpineNet, EveryParameterOfASegmenterHasARule) {
  for (const bool garden : {true, false}) {
    SourceTensors source = garden ? garden_source() : tpu_source();
    put(source, garden ? "detection_head/0/_classifier/kernel" : "fast_rcnn_head/class-predict/kernel", {1024, 4});
    const Naming naming = spinenet_naming(source, small_spinenet(), arch::Task::segment, 3);
    std::set<std::string> ruled;
    for (const ParameterRule& rule : naming.rules) ruled.insert(rule.parameter);
    for (const graph::Program& program :
         graph::programs_of(graph::lower_two_stage(naming.architecture, {.height = 128, .width = 128, .classes = 3}))) {
      for (const graph::Parameter& parameter : program.parameters)
        EXPECT_TRUE(ruled.contains(parameter.name)) << parameter.name;
    }
    EXPECT_EQ(naming.architecture.batch_norm.epsilon, 1e-3);
  }
}

// A tensor that counts up from 0.
HostTensor counted(std::vector<int64_t> shape) {
  HostTensor tensor = make_tensor(std::move(shape));
  std::iota(tensor.data.begin(), tensor.data.end(), 0.0F);
  return tensor;
}

const ParameterRule& rule_of(const Naming& naming, const std::string& parameter) {
  return *std::find_if(naming.rules.begin(), naming.rules.end(),
                       [&](const ParameterRule& rule) { return rule.parameter == parameter; });
}

TEST(NamesSpineNet, ClassOutputsLoseTheBackground) {
  SourceTensors source = tpu_source();
  put(source, "retinanet/class_net/class-predict/kernel", {3, 3, 4, 9 * 4});
  const Naming naming = spinenet_naming(source, small_spinenet(), arch::Task::detect, 3);
  const ParameterRule& kernel = rule_of(naming, "head.class.predict.weight");
  ASSERT_EQ(kernel.source_shapes.at(0), (std::vector<int64_t>{3, 3, 4, 36}));
  const HostTensor theirs = counted({3, 3, 4, 36});
  const HostTensor ours = kernel.convert(std::span(&theirs, 1));
  ASSERT_EQ(ours.shape, (std::vector<int64_t>{27, 4, 3, 3}));
  const auto value = [&](int64_t out, int64_t in, int64_t row, int64_t column) {
    return ours.data[static_cast<size_t>(((out * 4 + in) * 3 + row) * 3 + column)];
  };
  // Class 2 of anchor 1 is output 1 * 4 + 3 of the source.
  EXPECT_EQ(value(1 * 3 + 2, 3, 2, 1), static_cast<float>(((2 * 3 + 1) * 4 + 3) * 36 + 7));
  EXPECT_EQ(value(0, 0, 0, 0), 1);
  const HostTensor bias = counted({36});
  EXPECT_EQ(rule_of(naming, "head.class.predict.bias").convert(std::span(&bias, 1)).data[4], 6);
  const HostTensor box_bias = counted({36});
  EXPECT_EQ(rule_of(naming, "head.box.predict.bias").convert(std::span(&box_bias, 1)).data[4], 4);
}

TEST(NamesSpineNet, BoxesAndMasksLoseTheBackgroundAndDenseKernelsAreTurned) {
  SourceTensors source = tpu_source();
  put(source, "fast_rcnn_head/class-predict/kernel", {512, 4});
  const Naming naming = spinenet_naming(source, small_spinenet(), arch::Task::segment, 3);
  const int64_t dense = naming.architecture.two_stage.box_dense, filters = naming.architecture.two_stage.box_filters;
  const HostTensor boxes = counted({dense, 16});
  const HostTensor ours = rule_of(naming, "box_head.box.weight").convert(std::span(&boxes, 1));
  ASSERT_EQ(ours.shape, (std::vector<int64_t>{12, dense, 1, 1}));
  EXPECT_EQ(ours.data[static_cast<size_t>(dense + 2)], 2 * 16 + 5);
  const ParameterRule& fc = rule_of(naming, "box_head.dense.weight");
  ASSERT_EQ(fc.source_shapes.at(0), (std::vector<int64_t>{49 * filters, dense}));
  const HostTensor kernel = counted(fc.source_shapes[0]);
  const HostTensor turned = fc.convert(std::span(&kernel, 1));
  ASSERT_EQ(turned.shape, (std::vector<int64_t>{dense, filters, 7, 7}));
  // Output 0, channel 1, row 2, column 3.
  EXPECT_EQ(turned.data[49 + 2 * 7 + 3], static_cast<float>(((2 * 7 + 3) * filters + 1) * dense));
  EXPECT_EQ(rule_of(naming, "mask_head.mask.weight").source_shapes.at(0).back(), 4);
}

}  // namespace
}  // namespace spinenet::formats
