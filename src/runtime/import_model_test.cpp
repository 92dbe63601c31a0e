#include "runtime/import_model.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "arch/families.h"
#include "arch/text.h"
#include "base/error.h"
#include "base/files.h"
#include "base/output_fixture.h"
#include "base/scratch_folder_fixture.h"
#include "formats/first_values.h"
#include "formats/import/names.h"
#include "formats/import/tensor_bundle_fixture.h"
#include "formats/safetensors.h"
#include "graph/anchors.h"
#include "graph/lower.h"
#include "graph/weights.h"
#include "runtime/networks.h"

namespace spinenet::runtime {
namespace {

// A narrow ResNet of a block in each stage under torchvision's names.
class ImportModel : public testing::Test {
 protected:
  void SetUp() override {
    narrow_ = arch::named_architecture("resnet-50");
    std::get<arch::ResNet>(narrow_.backbone).stages = {1, 1, 1, 1};
    narrow_.scaling.filter_size_scale = 0.125;
    narrow_.scaling.stem_filters = 8;
    fixture::put_file(folder_ / "a.json", spinenet::to_text(arch::to_json(narrow_)));
    first_ = graph::initial_weights(graph::lower_classifier(narrow_, {64, 64, 5}), {}, 9);
    for (const auto& [name, tensor] : first_) source_.weights.emplace(theirs(name), tensor);
    source_.weights.at("fc.weight").shape = {5, first_.at("head.dense.weight").shape[1]};
    source_.weights.emplace("bn1.num_batches_tracked", make_tensor({}, 3));
  }

  static std::string theirs(std::string name) {
    const auto replace = [&](std::string_view from, std::string_view to) {
      if (const size_t at = name.find(from); at != std::string::npos) name.replace(at, from.size(), to);
    };
    replace("stem.conv", "conv1");
    replace("stem.bn", "bn1");
    for (const char digit : {'2', '3', '4', '5'}) {
      replace(std::string("stages.c") + digit, std::string("layer") + static_cast<char>(digit - 1));
    }
    replace("shortcut_bn", "downsample.1");
    replace("shortcut", "downsample.0");
    replace("head.dense", "fc");
    return name;
  }

  ImportedModel import(ImportOptions options = {}) {
    if (options.architecture.empty()) options.architecture = (folder_ / "a.json").string();
    formats::write_safetensors(fixture::output(folder_ / "source"), source_);
    return import_model(folder_ / "source", options);
  }

  std::string refusal_of(const ImportOptions& options = {}) {
    try {
      import(options);
    } catch (const Error& error) {
      return error.what();
    }
    return "imported";
  }

  fixture::ScratchFolder folder_;
  arch::Architecture narrow_;
  Weights first_;
  formats::TensorFile source_;
};

TEST_F(ImportModel, TakesEveryTensorAndWhatTheSourceImplies) {
  const ImportedModel imported = import();
  EXPECT_EQ(imported.report.taken, first_.size());
  EXPECT_EQ(imported.report.ignored, 1U);
  EXPECT_TRUE(imported.report.left.empty());
  EXPECT_TRUE(imported.report.missing.empty());
  for (const auto& [name, tensor] : first_) {
    EXPECT_EQ(imported.model.weights.at(name).data, tensor.data) << name;
    EXPECT_EQ(imported.model.weights.at(name).shape, tensor.shape) << name;
  }
  EXPECT_EQ(imported.model.task, "classify");
  EXPECT_EQ(imported.model.classes.size(), 5U);
  EXPECT_EQ(imported.model.image_size, 224);
  EXPECT_EQ(imported.model.extra.at("center_crop"), "0.875");
  EXPECT_EQ(imported.model.architecture.at("padding"), "symmetric_pools");
  EXPECT_EQ(imported.model.architecture.at("batch_norm").at("epsilon"), 1e-5);
  // What was made is a model.
  formats::write_model(fixture::output(folder_ / "model.safetensors"), imported.model);
  EXPECT_NO_THROW(networks_of(open_model(folder_ / "model.safetensors")));
}

TEST_F(ImportModel, AHeadForOtherClassesBeginsWithFirstValuesOfTheSeed) {
  ImportOptions options;
  options.classes = {{4, "apple"}, {8, "pear"}};
  options.seed = 3;
  const ImportedModel imported = import(options);
  EXPECT_EQ(imported.report.other.size(), 2U);
  EXPECT_EQ(imported.report.left, (std::vector<std::string>{"fc.bias [5]", "fc.weight [5, 256]"}));
  EXPECT_EQ(imported.report.seed, 3U);
  EXPECT_EQ(imported.model.weights.at("head.dense.weight").shape, (std::vector<int64_t>{2, 256, 1, 1}));
  EXPECT_EQ(imported.model.weights.at("head.dense.weight").data,
            import(options).model.weights.at("head.dense.weight").data);
  EXPECT_EQ(imported.model.weights.at("stem.conv.weight").data, first_.at("stem.conv.weight").data);
  const std::string text = to_table(imported.report);
  EXPECT_NE(text.find("first values of seed 3"), std::string::npos) << text;
  EXPECT_EQ(to_json(imported.report).at("other_shape").size(), 2U);
}

TEST_F(ImportModel, ADetectorTakesTheBackbone) {
  arch::Architecture pyramid = narrow_;
  pyramid.backbone = arch::ResNetFpn{{1, 1, 1, 1}};
  pyramid.max_level = 7;
  fixture::put_file(folder_ / "fpn.json", spinenet::to_text(arch::to_json(pyramid)));
  ImportOptions options{.architecture = (folder_ / "fpn.json").string()};
  EXPECT_NE(refusal_of(options).find("--classes"), std::string::npos);
  options.classes = {{1, "apple"}};
  const ImportedModel imported = import(options);
  EXPECT_EQ(imported.model.task, "detect");
  EXPECT_EQ(imported.report.taken, first_.size() - 2);
  EXPECT_EQ(imported.report.left.size(), 2U);
  for (const std::string& name : imported.report.missing) {
    EXPECT_TRUE(name.starts_with("fpn.") || name.starts_with("head.")) << name;
  }
  EXPECT_EQ(imported.model.weights.at("stages.c5.0.conv3.weight").data, first_.at("stages.c5.0.conv3.weight").data);
}

TEST_F(ImportModel, MissingAndMisshapenTensorsAreNamed) {
  auto taken = source_.weights.extract("layer2.0.bn2.bias");
  std::string refusal = refusal_of();
  EXPECT_NE(refusal.find("layer2.0.bn2.bias is missing"), std::string::npos) << refusal;
  taken.mapped() = make_tensor({3});
  source_.weights.insert(std::move(taken));
  refusal = refusal_of();
  EXPECT_NE(refusal.find("layer2.0.bn2.bias is [3], not [16]"), std::string::npos) << refusal;
  EXPECT_NE(refusal_of({.architecture = "spinenet-49"}).find("not those of a published spinenet-49"),
            std::string::npos);
  source_.weights.erase("layer1.0.conv3.weight");
  EXPECT_NE(refusal_of().find("not those of a published resnet-50"), std::string::npos);
}

TEST_F(ImportModel, NumbersThatAreNotFiniteAreRefused) {
  source_.weights.at("conv1.weight").data[3] = std::numeric_limits<float>::infinity();
  EXPECT_NE(refusal_of().find("not finite"), std::string::npos);
}

TEST_F(ImportModel, InfinitiesAndNegativeVariancesAreRefusedUnderTheSourcesName) {
  source_.weights.at("layer1.0.bn1.weight").data[3] = std::numeric_limits<float>::quiet_NaN();
  std::string refusal = refusal_of();
  EXPECT_NE(refusal.find("tensor \"layer1.0.bn1.weight\" holds 1 of 8 values that are not finite"), std::string::npos)
      << refusal;
  source_.weights.at("layer1.0.bn1.weight").data[3] = -1;  // as any scale may be
  EXPECT_EQ(refusal_of(), "imported");
  source_.weights.at("bn1.running_var").data[2] = -0.5F;
  refusal = refusal_of();
  EXPECT_NE(refusal.find("tensor \"bn1.running_var\" holds variances, but 1 of its 8 values are negative"),
            std::string::npos)
      << refusal;
  source_.weights.at("bn1.running_var").data[2] = 0;
  EXPECT_EQ(refusal_of(), "imported");
}

// A deeper one, and one with a layer more in its blocks: all that is wanted is there.
TEST_F(ImportModel, ABackboneOfMoreLayersIsRefused) {
  source_.weights.emplace("layer3.1.conv1.weight", make_tensor({64, 256, 1, 1}));
  std::string refusal = refusal_of();
  EXPECT_NE(refusal.find("1 tensors of its backbone have no place in resnet-50: layer3.1.conv1.weight"),
            std::string::npos)
      << refusal;
  EXPECT_NE(refusal.find("--as"), std::string::npos) << refusal;
  source_.weights.erase("layer3.1.conv1.weight");
  source_.weights.emplace("layer1.0.se.fc1.weight", make_tensor({2, 32, 1, 1}));
  refusal = refusal_of();
  EXPECT_NE(refusal.find("layer1.0.se.fc1.weight"), std::string::npos) << refusal;
  source_.weights.erase("layer1.0.se.fc1.weight");
  source_.weights.emplace("layer1.0.conv1.total_ops", make_tensor({1}, 3));
  source_.weights.emplace("aux_classifier.0.weight", make_tensor({3}));
  const ImportedModel imported = import();
  EXPECT_EQ(imported.report.left, (std::vector<std::string>{"aux_classifier.0.weight [3]"}));
  EXPECT_EQ(imported.report.ignored, 2U);
}

TEST_F(ImportModel, TheLastLayerIsTakenWholeOrNotAtAll) {
  source_.weights.erase("fc.bias");
  const ImportedModel imported = import();
  EXPECT_EQ(imported.report.missing, (std::vector<std::string>{"head.dense.weight (fc.bias is missing)",
                                                               "head.dense.bias (fc.bias is missing)"}));
  EXPECT_TRUE(imported.report.other.empty());
  EXPECT_EQ(imported.report.left, (std::vector<std::string>{"fc.weight [5, 256]"}));
  EXPECT_EQ(formats::first_values_of(imported.model, "a").size(), 2U);
}

TEST_F(ImportModel, WhatBeginsWithFirstValuesIsSaidInTheModel) {
  EXPECT_TRUE(formats::first_values_of(import().model, "a").empty());
  ImportOptions options;
  options.classes = {{4, "apple"}, {8, "pear"}};
  EXPECT_EQ(formats::first_values_of(import(options).model, "a"),
            (std::vector<std::string>{"head.dense.bias", "head.dense.weight"}));
  EXPECT_EQ(import(options).model.classes[1].id, 8);
}

TEST_F(ImportModel, AnActivationThatTheSourceDecidesIsNotAnother) {
  ImportOptions options;
  options.activation = arch::Activation::relu;
  EXPECT_EQ(import(options).model.architecture.at("activation"), "relu");
  options.activation = arch::Activation::swish;
  const std::string refusal = refusal_of(options);
  EXPECT_NE(refusal.find("--activation swish: networks with names of torchvision, timm have the activation relu"),
            std::string::npos)
      << refusal;
}

// A narrow RetinaNet under the names of torchvision; the values of its predictors are their places.
class ImportDetector : public ImportModel {
 protected:
  static constexpr int kOutputs = 4, kAnchors = 9;  // of each anchor, the background among them

  void SetUp() override {
    ImportModel::SetUp();
    narrow_.backbone = arch::ResNetFpn{{1, 1, 1, 1}};
    narrow_.max_level = 7;
    fixture::put_file(folder_ / "fpn.json", spinenet::to_text(arch::to_json(narrow_)));
    Weights body = std::move(source_.weights);
    source_.weights.clear();
    for (auto& [name, tensor] : body) {
      if (!name.starts_with("fc.")) source_.weights.emplace("backbone.body." + name, std::move(tensor));
    }
  }

  static HostTensor places(std::vector<int64_t> shape) {
    HostTensor tensor = make_tensor(std::move(shape));
    const size_t row = tensor.data.size() / static_cast<size_t>(tensor.shape[0]);
    for (size_t i = 0; i < tensor.data.size(); ++i) tensor.data[i] = static_cast<float>(i / row);
    return tensor;
  }

  void add_layer(const std::string& name, int64_t outputs, int64_t inputs, int64_t kernel) {
    source_.weights.emplace(name + ".weight", places({outputs, inputs, kernel, kernel}));
    source_.weights.emplace(name + ".bias", places({outputs}));
  }

  // `block` is what stands behind the number of a layer, `step` how its numbers rise.
  void add_detector(const std::string& block, int step) {
    for (int64_t i = 0; i < 3; ++i) {
      const int64_t inputs = arch::resnet_filters(static_cast<int>(i) + 3, narrow_.scaling) * 4;
      add_layer(fmt::format("backbone.fpn.inner_blocks.{}{}", i, block), 8, inputs, 1);
      add_layer(fmt::format("backbone.fpn.layer_blocks.{}{}", i, block), 8, 8, 3);
    }
    for (const char* level : {"p6", "p7"}) add_layer(fmt::format("backbone.fpn.extra_blocks.{}", level), 8, 8, 3);
    for (const char* tower : {"classification", "regression"}) {
      for (int k = 0; k < 2; ++k) add_layer(fmt::format("head.{}_head.conv.{}{}", tower, step * k, block), 8, 8, 3);
    }
    add_layer("head.classification_head.cls_logits", kAnchors * kOutputs, 8, 3);
    add_layer("head.regression_head.bbox_reg", kAnchors * 4, 8, 3);
  }

  ImportedModel import_detector(std::vector<formats::ModelClass> classes = {}) {
    return import({.architecture = (folder_ / "fpn.json").string(), .classes = std::move(classes)});
  }
};

TEST_F(ImportDetector, IsTakenWholeWithoutItsBackground) {
  for (const auto& [block, step] : {std::pair(".0", 1), {"", 2}}) {
    SCOPED_TRACE(step);
    const Weights body = source_.weights;
    add_detector(block, step);
    const ImportedModel imported = import_detector();
    source_.weights = body;
    EXPECT_EQ(imported.report.naming, "torchvision's RetinaNet");
    EXPECT_TRUE(imported.report.left.empty()) << imported.report.left.front();
    EXPECT_TRUE(imported.report.missing.empty()) << imported.report.missing.front();
    ASSERT_EQ(imported.model.classes.size(), 3U);
    EXPECT_EQ(imported.model.classes.front().id, 1);
    const Json& head = imported.model.architecture.at("head");
    EXPECT_EQ(head.at("anchor_grid"), "whole_pixels");
    EXPECT_EQ(head.at("convs"), 2);
    EXPECT_EQ(imported.model.architecture.at("fpn").at("batch_norm"), false);
    const Weights& weights = imported.model.weights;
    EXPECT_EQ(weights.at("fpn.post.p7.weight").shape, (std::vector<int64_t>{8, 8, 3, 3}));
    // The second scale of the first ratio: there the second anchor, here the fourth.
    EXPECT_EQ(weights.at("head.class.predict.bias").data[3 * 3], 1 * kOutputs + 1);
    EXPECT_EQ(weights.at("head.class.predict.weight").data[size_t{3 * 3} * 8 * 9], 1 * kOutputs + 1);
    // And the second ratio of the first scale; of its code dy, dx, dh, dw.
    const float* code = &weights.at("head.box.predict.bias").data[1 * 4];
    EXPECT_EQ((std::vector<float>{code[0], code[1], code[2], code[3]}), (std::vector<float>{13, 12, 15, 14}));
  }
}

TEST_F(ImportDetector, OtherClassesBeginWithFirstValues) {
  add_detector(".0", 1);
  const ImportedModel imported = import_detector({{4, "apple"}, {8, "pear"}});
  EXPECT_EQ(imported.report.missing,
            (std::vector<std::string>{"head.class.predict.weight", "head.class.predict.bias"}));
  EXPECT_EQ(imported.report.left.size(), 2U);
  // With as many classes as it has outputs the background is one of them.
  const ImportedModel whole = import_detector({{0, "ground"}, {1, "a"}, {2, "b"}, {3, "c"}});
  EXPECT_TRUE(whole.report.missing.empty());
  EXPECT_EQ(whole.model.weights.at("head.class.predict.bias").data[0], 0);
}

TEST_F(ImportDetector, AHeadOfAnotherKindIsLeft) {
  add_detector(".0", 1);
  for (const char* tower : {"classification", "regression"}) {
    source_.weights.erase(fmt::format("head.{}_head.conv.0.0.bias", tower));
    source_.weights.emplace(fmt::format("head.{}_head.conv.0.1.weight", tower), make_tensor({8}));
  }
  const ImportedModel imported = import_detector({{4, "apple"}});
  EXPECT_EQ(imported.report.naming, "torchvision, timm");
  for (const std::string& name : imported.report.left) {
    EXPECT_TRUE(name.starts_with("head.") || name.starts_with("backbone.fpn.")) << name;
  }
}

TEST_F(ImportModel, TheEpsilonMayBeGiven) {
  ImportOptions options;
  options.epsilon = 0;
  EXPECT_EQ(import(options).model.architecture.at("batch_norm").at("epsilon"), 0);
  source_.weights.at("layer2.0.bn2.running_var").data[1] = 0;
  const std::string refusal = refusal_of(options);
  EXPECT_NE(refusal.find("stages.c3.0.bn2.running_var holds a 0"), std::string::npos) << refusal;
  EXPECT_EQ(refusal_of(), "imported");
}

// A narrow SpineNet as the TPU repository saves it.
class ImportCheckpoint : public testing::Test {
 protected:
  static constexpr int kClasses = 3;

  void SetUp() override { write(false); }

  void write(bool with_average) {
    arch::Architecture narrow = arch::named_architecture("spinenet-49s");
    narrow.scaling.filter_size_scale = 0.1;
    narrow.scaling.endpoints_num_filters = narrow.head.filters = 4;
    fixture::put_file(folder_ / "narrow.json", spinenet::to_text(arch::to_json(narrow)));
    parameters_ = graph::lower_detector(narrow, {.height = 128, .width = 128, .classes = kClasses}).parameters;
    fixture::bundle::BundleWriter writer;
    const auto add = [&](const std::string& name, const std::vector<int64_t>& shape) {
      writer.add_floats(name, shape, std::vector<float>(static_cast<size_t>(element_count(shape)), 0.5F));
    };
    add("spinenet/conv2d/kernel", {7, 7, 3, 64});
    add("retinanet/class_net/class-predict/kernel", {3, 3, 4, 9 * (kClasses + 1)});
    const formats::SourceTensors begun = writer.parse();
    const formats::Naming naming = formats::tensorflow_spinenet({narrow, parameters_, begun}).value();
    for (const formats::ParameterRule& rule : naming.rules) {
      if (!begun.tensors.contains(rule.sources[0])) add(rule.sources[0], shape_of(rule));
    }
    add("spinenet/conv2d/kernel/Momentum", {7, 7, 3, 64});
    if (!extra_.empty()) add(extra_, {3, 3, 4, 4});
    if (with_average) {
      writer.add_floats("spinenet/conv2d/kernel/ExponentialMovingAverage", {7, 7, 3, 64},
                        std::vector<float>(size_t{7 * 7 * 3} * 64, 0.25F));
    }
    fixture::put_file(folder_ / "model.ckpt-7.index", writer.index(50));
    fixture::put_file(folder_ / "model.ckpt-7.data-00000-of-00001", writer.data);
  }

  // As the rule has it, or the parameter's.
  std::vector<int64_t> shape_of(const formats::ParameterRule& rule) const {
    if (!rule.source_shapes.empty()) return rule.source_shapes[0];
    const auto parameter = std::find_if(parameters_.begin(), parameters_.end(),
                                        [&](const graph::Parameter& each) { return each.name == rule.parameter; });
    return {parameter->shape.begin(), parameter->shape.end()};
  }

  ImportedModel import(ImportOptions options = {}) const {
    options.architecture = (folder_ / "narrow.json").string();
    return import_model(folder_ / "model.ckpt-7", options);
  }

  fixture::ScratchFolder folder_;
  std::string extra_;  // a tensor that no narrow SpineNet has
  std::vector<graph::Parameter> parameters_;
};

TEST_F(ImportCheckpoint, TakesEveryTensorAndTheClassesWithoutTheBackground) {
  ImportOptions options;
  options.activation = arch::Activation::swish;
  const ImportedModel imported = import(options);
  EXPECT_EQ(imported.report.naming, "TensorFlow TPU repository");
  EXPECT_EQ(imported.report.taken, parameters_.size());
  EXPECT_TRUE(imported.report.left.empty()) << imported.report.left.front();
  EXPECT_TRUE(imported.report.missing.empty());
  EXPECT_EQ(imported.report.entries, (std::vector<std::string>{"spinenet/conv2d/kernel/Momentum: the optimizer's"}));
  ASSERT_EQ(imported.model.classes.size(), 3U);
  EXPECT_EQ(imported.model.classes[0].id, 1);
  EXPECT_EQ(imported.model.architecture.at("activation"), "swish");
  EXPECT_EQ(imported.model.architecture.at("padding"), "symmetric");
  EXPECT_EQ(imported.model.architecture.at("batch_norm").at("epsilon"), 1e-4);
}

// Names have no ids of their own: the first class of a detector is 1 whether it has a name or not.
TEST_F(ImportCheckpoint, NamesOfClassesKeepTheIdsOfTheSource) {
  ImportOptions options;
  options.classes = {{0, "apple"}, {0, ""}, {0, "pear"}};
  options.number_classes = true;
  const ImportedModel imported = import(options);
  EXPECT_TRUE(imported.report.missing.empty());
  EXPECT_EQ(imported.model.classes, (std::vector<formats::ModelClass>{{1, "apple"}, {2, "class 2"}, {3, "pear"}}));
}

TEST_F(ImportCheckpoint, MovingAveragesAreToldAndTakenWhereAskedFor) {
  ImportOptions options;
  options.averages = true;
  EXPECT_THROW(import(options), Error) << "there are none";
  write(true);
  const auto first_of = [](const ImportedModel& imported) {
    return imported.model.weights.at("stem.conv.weight").data.front();
  };
  const ImportedModel averaged = import(options), plain = import();
  EXPECT_EQ(first_of(averaged), 0.25F);
  EXPECT_EQ(averaged.model.weights.at("stem.bn.weight").data.front(), 0.5F);
  EXPECT_EQ(first_of(plain), 0.5F);
  EXPECT_NE(to_table(averaged.report).find("1 beside the weights, taken in place of them"), std::string::npos);
  EXPECT_NE(to_table(plain.report).find("1 beside the weights, left; --averages takes them"), std::string::npos);
}

// As spinenet-96 has them, whose blocks are there twice.
TEST_F(ImportCheckpoint, ABackboneOfMoreLayersIsRefused) {
  extra_ = "spinenet/sub_policy0/scale_permuted_block_2/conv2d_7/kernel";
  write(false);
  try {
    import();
    FAIL() << "imported";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find(extra_), std::string::npos) << error.what();
  }
}

TEST_F(ImportCheckpoint, AHeadForOtherClassesBeginsWithFirstValues) {
  ImportOptions options;
  options.classes = {{4, "apple"}, {8, "pear"}};
  const ImportedModel imported = import(options);
  EXPECT_FALSE(imported.report.missing.empty());
  for (const std::string& name : imported.report.missing) EXPECT_TRUE(name.starts_with("head.")) << name;
  for (const std::string& name : imported.report.left) EXPECT_TRUE(name.starts_with("retinanet/")) << name;
  EXPECT_EQ(imported.model.weights.at("head.class.predict.weight").shape[0], 9 * 2);
}

// Every parameter of every network that a naming is for has a source of its own.
TEST(ImportNames, AreThoseOfTheFamilies) {
  struct Family {
    const char* architecture;
    const char* key;  // by which the naming knows its source
    std::vector<std::string> some;
  };
  const std::vector<Family> families{
      {"resnet-50",
       "layer1.0.conv3.weight",
       {"conv1.weight", "layer3.5.bn3.running_var", "layer2.0.downsample.1.bias", "fc.bias"}},
      {"vgg-16", "features.0.weight", {"features.28.bias", "classifier.0.weight", "classifier.6.bias"}},
      {"hrnet-w18",
       "stage2.0.branches.0.0.conv1.weight",
       {"conv2.weight", "layer1.0.downsample.0.weight", "transition1.0.0.weight", "transition1.1.0.1.bias",
        "transition3.3.0.0.weight", "stage4.2.branches.3.3.conv2.weight", "stage3.1.fuse_layers.0.2.0.weight",
        "stage4.0.fuse_layers.3.0.2.1.running_mean", "incre_modules.3.0.downsample.1.weight",
        "downsamp_modules.2.0.bias", "final_layer.0.weight", "classifier.bias"}},
      {"efficientnet-lite0",
       "_conv_stem.weight",
       {"_bn0.bias", "_blocks.0._depthwise_conv.weight", "_blocks.15._expand_conv.weight", "_blocks.15._bn2.weight",
        "_conv_head.weight", "_bn1.running_mean", "_fc.bias"}},
      {"efficientnet-lite0",
       "conv_stem.weight",
       {"blocks.0.0.conv_pw.weight", "blocks.0.0.bn2.weight", "blocks.6.0.conv_pwl.weight", "classifier.bias"}},
      {"detnet-59", "layer1.0.conv3.weight", {"layer5.0.downsample.0.weight"}},
      {"cspdarknet-53",
       "stages.0.conv_exp.conv.weight",
       {"stem.conv1.bn.bias", "stages.0.conv_down.conv.weight", "stages.4.blocks.3.conv2.bn.running_var",
        "stages.2.conv_transition_b.conv.weight", "stages.2.conv_transition.bn.weight", "head.fc.bias"}},
  };
  for (const Family& family : families) {
    const arch::Architecture architecture = arch::named_architecture(family.architecture);
    const graph::Program program =
        graph::lower_classifier(architecture, {.height = 224, .width = 224, .classes = 1000});
    formats::SourceTensors source;
    source.tensors[family.key];
    source.tensors["blocks.0.0.conv_dw.weight"];  // of which timm's EfficientNet is known, too
    const formats::Naming naming = formats::find_naming({architecture, program.parameters, source});
    EXPECT_EQ(naming.rules.size(), program.parameters.size()) << family.architecture;
    std::vector<std::string> sources;
    for (const formats::ParameterRule& rule : naming.rules) sources.push_back(rule.sources.front());
    for (const std::string& name : family.some) {
      EXPECT_NE(std::ranges::find(sources, name), sources.end()) << family.architecture << " " << name;
    }
    std::ranges::sort(sources);
    const auto repeated = std::ranges::unique(sources);
    // timm's CSPDarknet has one convolution for both ways of a stage: each of its five tensors is taken twice.
    EXPECT_EQ(repeated.size(), std::string_view(family.key).starts_with("stages.0.conv_exp") ? 25U : 0U)
        << family.architecture;
  }
}

// The convolutions behind the backbone, as the sections of Darknet's configurations stand.
TEST(ImportNames, DarknetHasEachHeadBehindWhatItReads) {
  const auto convolutions = [](const char* name) {
    const graph::Program program = graph::lower_detector(arch::named_architecture(name), {64, 64, 80});
    std::vector<std::string> found;
    for (const graph::Parameter& p : formats::in_darknet_order(program.parameters)) {
      const bool own = p.name.starts_with("neck.") || p.name.starts_with("head.");
      if (own && p.shape.size() == 4) found.push_back(p.name.substr(0, p.name.rfind('.')));
    }
    EXPECT_EQ(formats::in_darknet_order(program.parameters).size(), program.parameters.size());
    return found;
  };
  EXPECT_EQ(convolutions("yolov4-tiny"),
            (std::vector<std::string>{"neck.reduce.conv", "neck.p5.conv", "head.p5.predict", "neck.up.p4.coarser.conv",
                                      "neck.p4.conv", "head.p4.predict"}));
  const std::vector<std::string> whole = convolutions("yolov4");
  ASSERT_EQ(whole.size(), 110U - 72);
  EXPECT_EQ(whole[0], "neck.spp.before.conv0");
  EXPECT_EQ(whole[5], "neck.spp.after.conv2");
  EXPECT_EQ(whole[6], "neck.up.p4.coarser.conv");
  EXPECT_EQ(whole[7], "neck.up.p4.lateral.conv");
  EXPECT_EQ((std::vector<std::string>(whole.begin() + 19, whole.begin() + 24)),
            (std::vector<std::string>{"neck.up.p3.convs.conv4", "head.p3.conv0", "head.p3.predict",
                                      "neck.down.p4.finer.conv", "neck.down.p4.convs.conv0"}));
  EXPECT_EQ(whole[28], "head.p4.conv0");
  EXPECT_EQ(whole[36], "head.p5.conv0");
  EXPECT_EQ(whole[37], "head.p5.predict");
}

// Narrow networks whose weights are written as Darknet does.
class ImportYolo : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    architecture_ = arch::named_architecture(GetParam());
    architecture_.scaling.filter_size_scale = 0.125;
    architecture_.scaling.stem_filters = 4;
    fixture::put_file(folder_ / "a.json", spinenet::to_text(arch::to_json(architecture_)));
    program_ = graph::lower_detector(architecture_, {64, 64, kFileClasses});
    weights_ = graph::initial_weights(program_, {}, 3);
    float value = 0;
    for (auto& [name, tensor] : weights_) {
      if (name.ends_with("running_mean") || name.ends_with("bias")) tensor.data.back() = value += 0.25F;
    }
  }

  // Of its first convolutions, all where `count` is 0.
  void write(size_t count = 0) const {
    std::string bytes(20, '\0');
    bytes[4] = 2;  // version 0.2
    size_t written = 0;
    for (const graph::Parameter& p : formats::in_darknet_order(program_.parameters)) {
      if (p.shape.size() != 4) continue;
      if (count > 0 && written++ == count) break;
      const std::string conv = p.name.substr(0, p.name.rfind('.'));
      std::string norm = conv;
      if (const size_t at = norm.rfind(".conv"); at != std::string::npos) norm.replace(at, 5, ".bn");
      const bool has_norm = weights_.contains(norm + ".running_var");
      append(bytes, (has_norm ? norm : conv) + ".bias");
      if (has_norm) {
        for (const char* part : {".weight", ".running_mean", ".running_var"}) append(bytes, norm + part);
      }
      append(bytes, p.name);
    }
    fixture::put_file(folder_ / "a.weights", bytes);
  }

  void append(std::string& bytes, const std::string& name) const {
    const std::vector<float>& data = weights_.at(name).data;
    bytes.append(reinterpret_cast<const char*>(data.data()), data.size() * sizeof(float));
  }

  ImportedModel import(std::vector<formats::ModelClass> classes = {}) const {
    return import_model(folder_ / "a.weights",
                        {.architecture = (folder_ / "a.json").string(), .classes = std::move(classes)});
  }

  static constexpr int kFileClasses = 4;
  fixture::ScratchFolder folder_;
  arch::Architecture architecture_;
  graph::Program program_;
  Weights weights_;
};

TEST_P(ImportYolo, TakesAllAndFindsTheNumberOfClasses) {
  write();
  const ImportedModel imported = import();
  EXPECT_EQ(imported.report.taken, program_.parameters.size());
  EXPECT_TRUE(imported.report.missing.empty());
  EXPECT_EQ(imported.model.classes.size(), static_cast<size_t>(kFileClasses));
  for (const auto& [name, tensor] : weights_) EXPECT_EQ(imported.model.weights.at(name).data, tensor.data) << name;
  EXPECT_EQ(imported.model.extra.at("image_fit"), "stretch");
  EXPECT_EQ(imported.model.mean, (std::array<float, 3>{0, 0, 0}));
  EXPECT_EQ(imported.model.std, (std::array<float, 3>{1, 1, 1}));
  EXPECT_EQ(imported.model.image_size, std::string_view(GetParam()) == "yolov4" ? 608 : 416);
  EXPECT_EQ(arch::architecture_from_json(imported.model.architecture, "a").activation, architecture_.activation);
}

TEST_P(ImportYolo, BeginsThePredictionsOfOtherClassesAnew) {
  write();
  const ImportedModel imported = import({{1, "fish"}, {5, "ray"}});
  const size_t predictors = 2 * graph::yolo_levels(architecture_).size();
  EXPECT_EQ(imported.report.other.size(), predictors);
  EXPECT_EQ(imported.report.taken, program_.parameters.size() - predictors);
  EXPECT_EQ(imported.model.weights.at("head.p5.predict.bias").shape, (std::vector<int64_t>{3 * 7}));
}

// As yolov4.conv.137 and yolov4-tiny.conv.29 do.
TEST_P(ImportYolo, TakesTheFirstLayersAlone) {
  size_t before = 0;
  for (const graph::Parameter& p : formats::in_darknet_order(program_.parameters)) {
    if (p.name.starts_with("head.")) break;
    before += p.shape.size() == 4 ? 1 : 0;
  }
  write(before);
  const ImportedModel imported = import({{1, "fish"}});
  EXPECT_EQ(imported.model.weights.at("neck.up.p4.coarser.conv.weight").data.size(),
            weights_.at("neck.up.p4.coarser.conv.weight").data.size());
  EXPECT_TRUE(std::ranges::any_of(imported.report.missing,
                                  [](const std::string& name) { return name.starts_with("head.p5.predict"); }));
  EXPECT_EQ(imported.model.weights.at("stages.c5.join.conv.weight").data,
            weights_.at("stages.c5.join.conv.weight").data);
  EXPECT_THROW(import(), Error) << "the classes are not known";
}

// yolov4-leaky.weights and yolov4.weights differ in nothing but their numbers.
TEST_P(ImportYolo, TakesTheActivationThatIsAskedFor) {
  write();
  const ImportedModel imported = import_model(folder_ / "a.weights", {.architecture = (folder_ / "a.json").string(),
                                                                      .activation = arch::Activation::leaky_relu});
  EXPECT_EQ(imported.model.architecture.at("activation"), "leaky_relu");
}

TEST_P(ImportYolo, RefusesAFileOfAnotherLength) {
  write();
  std::string bytes = read_file(folder_ / "a.weights");
  fixture::put_file(folder_ / "a.weights", bytes + "1234");
  EXPECT_THROW(import(), Error);
}

INSTANTIATE_TEST_SUITE_P(Networks, ImportYolo, testing::Values("yolov4", "yolov4-tiny"));

// mmdetection's pyramids are counted from the finest level that the source has.
TEST(ImportNames, ThePyramidIsTakenWhereItHasTheWidth) {
  struct Neck {
    const char* architecture;
    std::vector<std::string> keys;  // of 256 channels
    const char* ours;
    const char* theirs;
  };
  const std::vector<std::string> laterals{"neck.lateral_convs.0.conv", "neck.lateral_convs.1.conv",
                                          "neck.lateral_convs.2.conv", "neck.lateral_convs.3.conv",
                                          "neck.lateral_convs.4.conv"};
  const std::string hrnet = "backbone.stage2.0.branches.0.0.conv1", detnet = "backbone.layer1.0.conv3";
  const std::vector<Neck> necks{
      {"hrnet-w18-fpn", {hrnet, "neck.reduction_conv.conv"}, "fpn.reduce.bias", "neck.reduction_conv.conv.bias"},
      {"hrnet-w18-fpn", {hrnet, "neck.reduction_conv.conv"}, "fpn.post.p3.weight", "neck.fpn_convs.0.conv.weight"},
      {"hrnet-w18-fpn", {hrnet, "neck.reduction_conv.0"}, "fpn.post.p7.weight", "neck.fpn_conv.4.weight"},
      {"hrnet-w18-fpn", {hrnet}, "fpn.post.p7.weight", ""},
      {"detnet-59-fpn", {detnet}, "fpn.lateral.c3.weight", ""},
  };
  const auto source_of = [](const formats::NamingRequest& request, const std::string& parameter) -> std::string {
    for (const formats::ParameterRule& rule : formats::find_naming(request).rules) {
      if (rule.parameter == parameter) return rule.sources.front();
    }
    return "";
  };
  const auto check = [&](const Neck& neck) {
    const arch::Architecture architecture = arch::named_architecture(neck.architecture);
    const graph::Program program = graph::lower_detector(architecture, {.height = 128, .width = 128, .classes = 2});
    formats::SourceTensors source;
    for (const std::string& key : neck.keys) source.tensors[key + ".weight"].shape = {256, 64, 1, 1};
    EXPECT_EQ(source_of({architecture, program.parameters, source}, neck.ours), neck.theirs) << neck.ours;
    for (const std::string& key : neck.keys) source.tensors[key + ".weight"].shape[0] = 128;
    EXPECT_EQ(source_of({architecture, program.parameters, source}, neck.ours), "") << neck.ours;
  };
  for (const Neck& neck : necks) check(neck);
  Neck five{"detnet-59-fpn", laterals, "fpn.lateral.c3.weight", "neck.lateral_convs.1.conv.weight"};
  five.keys.push_back(detnet);
  check(five);
  Neck four{"detnet-59-fpn", {laterals.begin(), laterals.end() - 1}, "fpn.post.p6.bias", "neck.fpn_convs.3.conv.bias"};
  four.keys.push_back(detnet);
  check(four);
}

TEST(ImportNames, DarknetHasTheOrderOfTheNetwork) {
  const graph::Program program = graph::lower_classifier(arch::named_architecture("cspdarknet-53"),
                                                         {.height = 256, .width = 256, .classes = 1000});
  const std::vector<formats::DarknetLayer> layers = formats::darknet_layers(program.parameters);
  EXPECT_EQ(layers.size(), 73U);
  EXPECT_EQ(layers.front().channels, 3);
  EXPECT_FALSE(layers.back().batch_norm);
  EXPECT_TRUE(layers[layers.size() - 2].batch_norm);
}

}  // namespace
}  // namespace spinenet::runtime
