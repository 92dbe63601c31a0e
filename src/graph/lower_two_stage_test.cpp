#include "graph/lower_two_stage.h"

#include <map>
#include <set>

#include <gtest/gtest.h>

#include "arch/families.h"
#include "base/error.h"
#include "base/format.h"

namespace spinenet::graph {
namespace {

std::map<std::string, Shape> outputs(const Program& program) {
  std::map<std::string, Shape> shapes;
  for (const Output& output : program.outputs) shapes[output.name] = program.values[static_cast<size_t>(output.value)];
  return shapes;
}

TwoStageProgram small_network() {
  return lower_two_stage(arch::named_architecture("spinenet-49s"), {.height = 128, .width = 256, .classes = 7});
}

TEST(LowerTwoStage, HasFeaturesAndProposalsOfEachLevel) {
  const TwoStageProgram network = small_network();
  ASSERT_EQ(network.trunk.outputs.size(), 15U);
  const auto shapes = outputs(network.trunk);
  for (int level = 3; level <= 7; ++level) {
    EXPECT_EQ(network.trunk.outputs[static_cast<size_t>(level - 3)].name, fmt::format("p{}", level));
    EXPECT_EQ(shapes.at(fmt::format("p{}", level)), (Shape{256, 128 >> level, 256 >> level}));
    EXPECT_EQ(shapes.at(fmt::format("objectness.p{}", level)), (Shape{3, 128 >> level, 256 >> level}));
    EXPECT_EQ(shapes.at(fmt::format("proposal_box.p{}", level)), (Shape{12, 128 >> level, 256 >> level}));
  }
}

TEST(LowerTwoStage, HasClassesBoxesAndMasksOfACrop) {
  const TwoStageProgram network = small_network();
  EXPECT_EQ(network.box_heads.at(0).values[0], (Shape{256, 7, 7}));
  EXPECT_EQ(outputs(network.box_heads.at(0)),
            (std::map<std::string, Shape>{{"class", {8, 1, 1}}, {"box", {28, 1, 1}}}));
  EXPECT_EQ(network.mask_head.values[0], (Shape{256, 14, 14}));
  EXPECT_EQ(outputs(network.mask_head), (std::map<std::string, Shape>{{"mask", {7, 28, 28}}}));
}

TEST(LowerTwoStage, NamesNoParameterTwice) {
  arch::Architecture a = arch::named_architecture("spinenet-49s");
  a.two_stage.box_thresholds = {0.5, 0.6, 0.7};
  std::set<std::string> names, outputs;
  size_t parameter_count = 0, output_count = 0;
  for (const Program& program : programs_of(lower_two_stage(a, {.height = 128, .width = 128, .classes = 7}))) {
    for (const Parameter& parameter : program.parameters) names.insert(parameter.name);
    for (const Output& output : program.outputs) outputs.insert(output.name);
    parameter_count += program.parameters.size();
    output_count += program.outputs.size();
  }
  EXPECT_EQ(names.size(), parameter_count);
  EXPECT_EQ(outputs.size(), output_count);
  for (const char* name : {"rpn.conv0.weight", "rpn.bn0.p7.bias", "box_head.dense.weight", "box_head3.dense.weight",
                           "mask_head.deconv.weight"}) {
    EXPECT_TRUE(names.contains(name)) << name;
  }
}

// The first of a cascade has the names of a box head alone, so that it takes over its weights.
TEST(LowerTwoStage, ACascadeHasABoxHeadForEachThreshold) {
  arch::Architecture a = arch::named_architecture("spinenet-49s");
  a.two_stage.box_thresholds = {0.5, 0.6, 0.7};
  const TwoStageProgram network = lower_two_stage(a, {.height = 128, .width = 128, .classes = 7});
  ASSERT_EQ(network.box_heads.size(), 3U);
  EXPECT_EQ(outputs(network.box_heads[0]), (std::map<std::string, Shape>{{"class", {8, 1, 1}}, {"box", {4, 1, 1}}}));
  EXPECT_EQ(outputs(network.box_heads[2]), (std::map<std::string, Shape>{{"class3", {8, 1, 1}}, {"box3", {4, 1, 1}}}));
  const TwoStageProgram plain = small_network();
  const auto& first = network.box_heads[0].parameters;
  const auto& alone = plain.box_heads.at(0).parameters;
  ASSERT_EQ(first.size(), alone.size());
  for (size_t i = 0; i < first.size(); ++i) EXPECT_EQ(first[i].name, alone[i].name);
  EXPECT_EQ(network.box_heads[1].parameters[0].name, "box_head2.conv0.weight");
  const std::vector<Program> all = programs_of(network);
  ASSERT_EQ(all.size(), 5U);
  EXPECT_EQ(outputs(all[3]), outputs(network.box_heads[2]));
  EXPECT_EQ(outputs(all[4]), outputs(network.mask_head));
}

TEST(LowerTwoStage, FollowsTheSettings) {
  arch::Architecture a = arch::named_architecture("spinenet-49");
  a.two_stage.rpn_convs = 2;
  a.two_stage.scales = 3;
  a.two_stage.box_convs = 0;
  a.two_stage.mask_convs = 0;
  a.two_stage.mask_filters = 40;
  const TwoStageProgram network = lower_two_stage(a, {.height = 128, .width = 128, .classes = 1});
  EXPECT_EQ(outputs(network.trunk).at("objectness.p3").channels, 9);
  EXPECT_EQ(network.box_heads.at(0).ops[0].name, "box_head.dense");
  EXPECT_EQ(network.mask_head.values[1], (Shape{40, 28, 28}));
}

TEST(LowerTwoStage, RefusesWhatCannotBeBuilt) {
  EXPECT_THROW(lower_two_stage(arch::named_architecture("resnet-50"), {.height = 128, .width = 128}), Error);
  EXPECT_THROW(lower_two_stage(arch::named_architecture("spinenet-49"), {.height = 128, .width = 100}), Error);
  EXPECT_THROW(lower_two_stage(arch::named_architecture("spinenet-49"), {.height = 128, .width = 128, .classes = 0}),
               Error);
}

}  // namespace
}  // namespace spinenet::graph
