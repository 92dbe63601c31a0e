#include "runtime/import_model.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "arch/families.h"
#include "arch/text.h"
#include "base/error.h"
#include "base/output_fixture.h"
#include "base/scratch_folder_fixture.h"
#include "formats/import/names.h"
#include "formats/import/tensor_bundle_fixture.h"
#include "formats/safetensors.h"
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

  void SetUp() override {
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
    EXPECT_TRUE(repeated.empty()) << family.architecture;
  }
}

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
