#include "train/carry_over.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "arch/families.h"
#include "arch/text.h"
#include "base/error.h"
#include "base/format.h"
#include "formats/first_values.h"
#include "graph/lower.h"
#include "graph/lower_two_stage.h"
#include "graph/weights.h"

namespace spinenet::train {
namespace {

arch::Architecture tiny_trunk() {
  arch::Architecture a = arch::named_architecture("spinenet-49");
  a.scaling.filter_size_scale = 0.07;
  a.scaling.endpoints_num_filters = 8;
  a.scaling.stem_filters = 6;
  a.head.convs = 1;
  a.head.filters = 8;
  return a;
}

formats::ModelFile model_of(const graph::Program& program, uint64_t seed) {
  formats::ModelFile model;
  model.weights = graph::initial_weights(program, {}, seed);
  return model;
}

bool any_begins(const std::vector<std::string>& names, std::string_view part) {
  return std::ranges::any_of(names, [&](const std::string& name) { return name.starts_with(part); });
}

// Everything but the heads goes from one to the other.
void expect_backbone_carried(const graph::Program& from, const graph::Program& to) {
  const formats::ModelFile source = model_of(from, 7);
  Weights first = graph::initial_weights(to, {}, 1);
  const Weights before = first;
  const CarriedOver carried = carry_over(to, source, "model", first);
  EXPECT_TRUE(carried.other_shape.empty());
  EXPECT_FALSE(any_begins(carried.taken, "head."));
  for (const auto* heads : {&carried.left, &carried.fresh}) {
    EXPECT_FALSE(heads->empty());
    for (const std::string& name : *heads) EXPECT_TRUE(name.starts_with("head.")) << name;
  }
  EXPECT_EQ(carried.taken.size() + carried.fresh.size(), to.parameters.size());
  EXPECT_EQ(first.at("stem.conv.weight").data, source.weights.at("stem.conv.weight").data);
  EXPECT_NE(first.at("stem.conv.weight").data, before.at("stem.conv.weight").data);
  for (const std::string& name : carried.fresh) EXPECT_EQ(first.at(name).data, before.at(name).data);
}

TEST(CarryOver, BackbonesGoBetweenClassifiersAndDetectors) {
  const graph::Program classifier = graph::lower_classifier(tiny_trunk(), {128, 128, 5});
  const graph::Program detector = graph::lower_detector(tiny_trunk(), {128, 128, 3});
  expect_backbone_carried(classifier, detector);
  expect_backbone_carried(detector, classifier);
}

// All but the boxes, of which a cascade has one for all classes; its later heads begin afresh.
TEST(CarryOver, ACascadeTakesWhatFitsOfAMaskRcnn) {
  arch::Architecture cascade = tiny_trunk();
  cascade.two_stage.box_thresholds = {0.5, 0.7};
  const auto parameters = [](const arch::Architecture& a) {
    return graph::parameters_of_all(graph::programs_of(graph::lower_two_stage(a, {128, 128, 3})));
  };
  const graph::Program to = parameters(cascade);
  Weights first = graph::initial_weights(to, {}, 1);
  const CarriedOver carried = carry_over(to, model_of(parameters(tiny_trunk()), 7), "model", first);
  EXPECT_TRUE(carried.left.empty());
  EXPECT_EQ(carried.other_shape,
            (std::vector<std::string>{"box_head.box.bias [12] for [4]",
                                      "box_head.box.weight [12, 1024, 1, 1] for [4, 1024, 1, 1]"}));
  for (const std::string& name : carried.fresh) EXPECT_TRUE(name.starts_with("box_head2.")) << name;
  EXPECT_TRUE(any_begins(carried.taken, "box_head.dense"));
  EXPECT_TRUE(any_begins(carried.taken, "mask_head."));
}

TEST(CarryOver, OtherNumbersOfClassesKeepTheirFirstValues) {
  const graph::Program three = graph::lower_classifier(tiny_trunk(), {128, 128, 3});
  const formats::ModelFile source = model_of(graph::lower_classifier(tiny_trunk(), {128, 128, 5}), 7);
  Weights first = graph::initial_weights(three, {}, 1);
  const CarriedOver carried = carry_over(three, source, "model", first);
  EXPECT_EQ(carried.other_shape, (std::vector<std::string>{"head.dense.bias [5] for [3]",
                                                           "head.dense.weight [5, 8, 1, 1] for [3, 8, 1, 1]"}));
  EXPECT_EQ(first.at("head.dense.bias").data.size(), 3U);
  EXPECT_NE(summary_of(carried, "a.safetensors").find("2 of another shape (head.dense.bias"), std::string::npos);
  EXPECT_EQ(to_json(carried, "a.safetensors").at("other_shape").size(), 2U);
}

// Of a backbone that was imported into a detector: the importer's first values are no weights.
TEST(CarryOver, WhatHasFirstValuesInTheSourceBeginsAnew) {
  const graph::Program detector = graph::lower_detector(tiny_trunk(), {128, 128, 3});
  formats::ModelFile source = model_of(detector, 7);
  std::vector<std::string> heads;
  for (const auto& [name, tensor] : source.weights) {
    if (name.starts_with("head.")) heads.push_back(name);
  }
  formats::set_first_values(source, heads);
  Weights first = graph::initial_weights(detector, {}, 1);
  const Weights before = first;
  const CarriedOver carried = carry_over(detector, source, "model", first);
  EXPECT_EQ(carried.untrained, heads);
  EXPECT_EQ(carried.taken.size() + heads.size(), detector.parameters.size());
  EXPECT_FALSE(any_begins(carried.taken, "head."));
  EXPECT_TRUE(carried.fresh.empty());
  for (const std::string& name : heads) EXPECT_EQ(first.at(name).data, before.at(name).data) << name;
  EXPECT_EQ(first.at("stem.conv.weight").data, source.weights.at("stem.conv.weight").data);
  EXPECT_NE(summary_of(carried, "a").find(fmt::format("{} with first values there, begun again (head.", heads.size())),
            std::string::npos)
      << summary_of(carried, "a");
  EXPECT_EQ(to_json(carried, "a").at("untrained").size(), heads.size());
}

TEST(CarryOver, WarnsWhereFewTensorsFitOrSettingsDiffer) {
  CarriedOver carried{.taken = {"a", "b"}, .left = {}, .fresh = {"c"}, .other_shape = {"d [1] for [2]"}};
  EXPECT_EQ(warning_of(carried, "m", ""), "");
  carried.fresh.emplace_back("e");
  EXPECT_EQ(
      warning_of(carried, "m", ""),
      "m: only 2 of the network's 5 tensors are taken from it; 2 are not in it (c, e); 1 have another shape there "
      "(d [1] for [2])");
  const CarriedOver begun{
      .taken = {"a"}, .left = {}, .fresh = {}, .other_shape = {}, .untrained = {"head.x", "head.y"}};
  EXPECT_EQ(warning_of(begun, "m", ""),
            "m: only 1 of the network's 3 tensors are taken from it; 2 have only first values there (head.x, head.y)");
  arch::Architecture here = tiny_trunk(), there = here;
  EXPECT_EQ(settings_without_tensors(arch::to_json(there), arch::to_json(here)), "");
  there.padding = arch::Padding::same;
  there.batch_norm.epsilon = 1e-5;
  const std::string differing = settings_without_tensors(arch::to_json(there), arch::to_json(here));
  EXPECT_EQ(differing, "padding same, here symmetric; epsilon 1e-05, here 0.001");
  EXPECT_NE(warning_of(carried, "m", differing).find("set architecture.base to it"), std::string::npos);
  // Those that are written only where they say something.
  there = here;
  there.head.anchor_grid = arch::AnchorGrid::whole_pixels;
  there.two_stage.roi_sampling = arch::RoiSampling::single_point;
  there.identity_paths = arch::IdentityPaths::equal_channels;
  there.edges = arch::Edges::without_long;
  EXPECT_EQ(settings_without_tensors(arch::to_json(there), arch::to_json(here)),
            "identity_paths equal_channels, here none; edges without_long, here all; anchor_grid whole_pixels, here "
            "centred; roi_sampling single_point, here aligned");
  EXPECT_EQ(settings_without_tensors(arch::to_json(here), arch::to_json(there)),
            "identity_paths none, here equal_channels; edges all, here without_long; anchor_grid centred, here "
            "whole_pixels; roi_sampling aligned, here single_point");
}

// --from with a classifier of another family than the recipe's detector.
TEST(CarryOver, AClassifiersRemedyIsTheDetectorOfItsBackbone) {
  const arch::Architecture lite = arch::named_architecture("efficientnet-lite0");
  formats::ModelFile source = model_of(graph::lower_classifier(lite, {64, 64, 3}), 7);
  source.architecture = arch::to_json(lite);
  source.extra["imported_from"] = "lite0.pth";
  // Names that both have would be of other shapes.
  const graph::Program detector = graph::lower_detector(tiny_trunk(), {128, 128, 3});
  Weights first = graph::initial_weights(detector, {}, 1);
  try {
    carry_over(detector, source, "lite0.safetensors", first);
    FAIL() << "carried over";
  } catch (const Error& error) {
    const std::string what = error.what();
    EXPECT_NE(what.find("set architecture.base to that name"), std::string::npos) << what;
    EXPECT_NE(what.find("import lite0.pth once more with --as efficientnet-lite0-fpn"), std::string::npos) << what;
  }
  // It holds: all but the head goes over.
  const graph::Program with_pyramid =
      graph::lower_detector(arch::named_architecture("efficientnet-lite0-fpn"), {128, 128, 3});
  first = graph::initial_weights(with_pyramid, {}, 1);
  const CarriedOver carried = carry_over(with_pyramid, source, "lite0.safetensors", first);
  EXPECT_TRUE(carried.other_shape.empty());
  for (const std::string& name : carried.left) EXPECT_TRUE(name.starts_with("head.")) << name;
}

TEST(CarryOver, AnotherNetworkIsRefused) {
  formats::ModelFile source;
  source.weights.emplace("something.else", make_tensor({1}));
  const graph::Program program = graph::lower_classifier(tiny_trunk(), {128, 128, 3});
  Weights first = graph::initial_weights(program, {}, 1);
  try {
    carry_over(program, source, "other.safetensors", first);
    FAIL() << "carried over";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("other.safetensors"), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find("init.weights"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace spinenet::train
