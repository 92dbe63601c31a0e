// Exported files in ONNX Runtime, against the reference interpreter and our own post-processing.
#include <algorithm>
#include <array>
#include <cmath>

#include "arch/families.h"
#include "arch/text.h"
#include "base/format.h"
#include "base/random.h"
#include "formats/onnx/check/check_heads.h"
#include "formats/onnx/export/boxes.h"
#include "formats/onnx/export/detections.h"
#include "formats/onnx/export/export.h"
#include "formats/onnx/export/network.h"
#include "graph/anchors.h"
#include "graph/builder.h"
#include "graph/every_operation.h"
#include "graph/lower.h"
#include "graph/reference.h"
#include "graph/weights.h"
#include "parity/ort_test.h"

namespace spinenet {
namespace {

constexpr int kClasses = 3;

struct Trial {
  int height, width;
  int64_t batch;
};
constexpr std::array<Trial, 3> kTrials{{{128, 128, 1}, {128, 256, 4}, {256, 256, 1}}};

class OnnxRuntime : public OrtTest {};

struct Network {
  arch::Architecture architecture;
  formats::ModelFile model;
};

Network narrow(const std::string& family) {
  arch::Architecture a = arch::named_architecture(family);
  a.scaling.filter_size_scale = 0.05;
  a.scaling.stem_filters = 8;
  a.scaling.endpoints_num_filters = 8;
  a.head.filters = 8;
  a.head.convs = 2;
  Network network{a, {}};
  network.model.architecture = to_json(a);
  network.model.classes = {{1, "a"}, {5, "b"}, {9, "c"}};
  network.model.image_size = 128;
  graph::InitOptions init;
  init.residual_norm_weight = 1;
  init.deeper_norm_weight = 1;
  init.predictor_deviation = 0.3;
  init.prior = 0.3;
  network.model.weights =
      graph::initial_weights(graph::lower_detector(a, {.height = 128, .width = 128, .classes = kClasses}), init, 11);
  // Running statistics that are not the identity.
  for (auto& [name, tensor] : network.model.weights) {
    Random random(Random::hash(name));
    if (name.ends_with("running_mean"))
      std::generate(tensor.data.begin(), tensor.data.end(), [&] { return static_cast<float>(0.1 * random.normal()); });
    if (name.ends_with("running_var"))
      std::generate(tensor.data.begin(), tensor.data.end(), [&] { return static_cast<float>(random.uniform(0.5, 2)); });
  }
  return network;
}

formats::OnnxOptions options_of(const arch::Architecture& a, formats::OnnxForm form) {
  formats::OnnxOptions options;
  options.form = form;
  options.anchors = graph::anchor_options(a);
  return options;
}

// The image, and the raw outputs of the reference under their names.
Weights reference_run(const Network& network, const Trial& trial) {
  HostTensor image = make_tensor({trial.batch, 3, trial.height, trial.width});
  Random random(7);
  for (float& x : image.data) x = static_cast<float>(random.normal());
  const graph::Program program =
      graph::lower_detector(network.architecture, {.height = trial.height, .width = trial.width, .classes = kClasses});
  const std::vector<HostTensor> outputs = graph::run_reference(program, network.model.weights, image);
  Weights tensors{{"in/image", std::move(image)}};
  for (size_t i = 0; i < outputs.size(); ++i) tensors["out/" + program.outputs[i].name] = outputs[i];
  return tensors;
}

// The detections of heads, as the file gives them.
void add_expected_detections(const formats::Heads& heads, const formats::HeadOptions& options, Weights& tensors) {
  const int64_t most = options.post.max_detections;
  HostTensor boxes = make_tensor({options.batch, most, 4}), scores = make_tensor({options.batch, most}),
             labels = make_tensor({options.batch, most}, -1), count = make_tensor({options.batch});
  for (int64_t image = 0; image < options.batch; ++image) {
    const std::vector<detect::Detection> found = formats::detections_of(heads, options, image);
    count.data[static_cast<size_t>(image)] = static_cast<float>(found.size());
    for (size_t i = 0; i < found.size(); ++i) {
      const size_t row = static_cast<size_t>(image * most) + i;
      const detect::Box& box = found[i].box;
      std::copy_n(std::array{box.x1, box.y1, box.x2, box.y2}.begin(), 4, boxes.data.begin() + 4 * row);
      scores.data[row] = found[i].score;
      labels.data[row] = static_cast<float>(found[i].label);
    }
  }
  tensors["out/boxes"] = boxes;
  tensors["out/scores"] = scores;
  tensors["out/labels"] = labels;
  tensors["out/count"] = count;
}

TEST_F(OnnxRuntime, GivesTheRawOutputsOfEveryFamily) {
  for (const std::string family : {"spinenet-49", "spinenet-49s", "r0-sp53", "resnet-50-fpn", "resnet-50-nas-fpn"}) {
    Network network = narrow(family);
    if (family == "r0-sp53") network.architecture.identity_paths = arch::IdentityPaths::every_block;
    if (family == "spinenet-49s") {
      network.architecture.activation = arch::Activation::swish;
      network.architecture.padding = arch::Padding::same;
      network.architecture.large_downsample = arch::LargeDownsample::repeated_pools;
    }
    const graph::Program any =
        graph::lower_detector(network.architecture, {.height = 128, .width = 128, .classes = kClasses});
    add_file(family, formats::make_onnx(any, network.model, options_of(network.architecture, formats::OnnxForm::raw)));
    for (const Trial& trial : kTrials) add_run(family, reference_run(network, trial));
  }
  compare();
}

// Those that no family here has, or not in every way.
graph::Program other_operations() {
  graph::Builder b({6, 32, 16}, {arch::Activation::hard_swish, arch::Padding::symmetric, {}});
  graph::Builder::ConvOptions depthwise;
  depthwise.filters = depthwise.groups = 6;
  depthwise.kernel = 3;
  depthwise.stride = 2;
  graph::ValueId x = b.activate(b.batch_norm(b.conv(b.input(), depthwise, "depthwise"), "norm"), "act");
  const graph::ValueId squeezed = b.global_pool(x, graph::PoolKind::average, "squeeze");
  x = b.scale(x, b.sigmoid(b.conv(squeezed, {.filters = 6, .bias = true}, "excite"), true, "gate"), "scaled");
  b.output("scaled", x);
  b.output("up", b.deconv(x, 4, true, "deconv"));
  b.output("most", b.global_pool(x, graph::PoolKind::maximum, "most.pool"));
  const graph::ValueId pooled = b.max_pool(x, 5, 8, "pool");
  b.output("mean", b.mean({x, b.upsample(pooled, 8, "up.sample"), x}, "mean.sum"));
  b.output("soft", b.sigmoid(pooled, false, "soft.sigmoid"));
  graph::Builder::ConvOptions dense;
  dense.filters = 3;
  dense.kernel = 1;
  dense.padded = false;
  dense.bias = true;
  b.output("dense", b.conv(squeezed, dense, "dense.conv"));
  return b.finish();
}

// Two images of noise, and what the reference interpreter gives for them.
Weights run_of(const graph::Program& program, const Weights& weights) {
  const graph::Shape& s = program.values.front();
  HostTensor image = make_tensor({2, s.channels, s.height, s.width});
  Random random(7);
  for (float& x : image.data) x = static_cast<float>(2 * random.normal());
  Weights tensors{{"in/image", image}};
  const std::vector<HostTensor> outputs = graph::run_reference(program, weights, image);
  for (size_t i = 0; i < outputs.size(); ++i) tensors["out/" + program.outputs[i].name] = outputs[i];
  return tensors;
}

formats::OnnxFile file_of(const graph::Program& program, const Weights& weights) {
  const graph::Shape& s = program.values.front();
  formats::OnnxGraph graph;
  graph.input({"image", formats::OnnxType::f32, {std::string("batch"), s.channels, s.height, s.width}});
  formats::add_network(graph, program, weights, "image");
  for (const graph::Output& output : program.outputs) {
    const graph::Shape& shape = program.values[static_cast<size_t>(output.value)];
    graph.output(
        {output.name, formats::OnnxType::f32, {std::string("batch"), shape.channels, shape.height, shape.width}});
  }
  return graph.finish();
}

TEST_F(OnnxRuntime, RunsEveryOperation) {
  std::vector<std::pair<std::string, graph::Program>> programs{{"operations", other_operations()}};
  for (const arch::Activation activation : values_of<arch::Activation>()) {
    programs.emplace_back(name_of(activation), graph::every_operation(activation));
  }
  for (const auto& [name, program] : programs) {
    const Weights weights = graph::initial_weights(program, {.residual_norm_weight = 1}, 3);
    add_file(name, file_of(program, weights));
    add_run(name, run_of(program, weights));
  }
  compare();
}

// 72 pixels: maps are rounded up on their way down, and what is enlarged is cut.
TEST_F(OnnxRuntime, GivesTheScoresOfClassifiers) {
  for (const auto& [family, side] : {std::pair("spinenet-49", 72), {"resnet-50", 56}}) {
    Network network = narrow("spinenet-49");
    network.architecture = arch::named_architecture(family);
    network.architecture.scaling = narrow("spinenet-49").architecture.scaling;
    network.model.architecture = to_json(network.architecture);
    network.model.task = "classify";
    const graph::Program program =
        graph::lower_classifier(network.architecture, {.height = side, .width = side, .classes = kClasses});
    graph::InitOptions init;
    init.residual_norm_weight = init.deeper_norm_weight = 1;
    network.model.weights = graph::initial_weights(program, init, 11);
    HostTensor image = make_tensor({4, 3, side, side});
    Random random(7);
    for (float& x : image.data) x = static_cast<float>(random.normal());
    const HostTensor logits = graph::run_reference(program, network.model.weights, image).front();
    HostTensor scores = make_tensor({4, kClasses});
    for (size_t row = 0; row < scores.data.size(); row += kClasses) {
      double sum = 0;
      for (size_t i = row; i < row + kClasses; ++i) sum += std::exp(logits.data[i]);
      for (size_t i = row; i < row + kClasses; ++i) scores.data[i] = static_cast<float>(std::exp(logits.data[i]) / sum);
    }
    for (const formats::OnnxForm form : {formats::OnnxForm::raw, formats::OnnxForm::scores}) {
      formats::OnnxOptions options = options_of(network.architecture, form);
      options.height = options.width = side;
      const std::string name = fmt::format("{}-{}", family, form == formats::OnnxForm::raw ? "raw" : "scores");
      add_file(name, formats::make_onnx(program, network.model, options));
      const bool raw = form == formats::OnnxForm::raw;
      add_run(name, {{"in/image", image}, {raw ? "out/class" : "out/scores", raw ? logits : scores}});
    }
  }
  compare();
}

class OnnxRuntimeBoxes : public OnnxRuntime {
 protected:
  void expect_parity(const Network& network);
};

TEST_F(OnnxRuntimeBoxes, AndDetectionsAreThoseOfANetwork) {
  expect_parity(narrow("spinenet-49"));
}

TEST_F(OnnxRuntimeBoxes, OfAnchorsOfWholePixelsAreThoseOfANetwork) {
  Network network = narrow("spinenet-49");
  network.architecture.head.anchor_grid = arch::AnchorGrid::whole_pixels;
  network.model.architecture = arch::to_json(network.architecture);
  expect_parity(network);
}

void OnnxRuntimeBoxes::expect_parity(const Network& network) {
  formats::OnnxOptions boxes = options_of(network.architecture, formats::OnnxForm::boxes);
  formats::OnnxOptions detections = options_of(network.architecture, formats::OnnxForm::detections);
  detections.post.score_threshold = 0.4F;
  const graph::Program any =
      graph::lower_detector(network.architecture, {.height = 128, .width = 128, .classes = kClasses});
  add_file("boxes", formats::make_onnx(any, network.model, boxes));
  add_file("detections", formats::make_onnx(any, network.model, detections));
  for (const Trial& trial : kTrials) {
    const Weights run = reference_run(network, trial);
    formats::Heads heads;
    for (const std::string& name : formats::raw_names(boxes.anchors)) {
      heads.values[name] = {formats::OnnxType::f32, run.at("out/" + name).shape, run.at("out/" + name).data, {}};
    }
    const formats::HeadOptions options{boxes.anchors, detections.post, kClasses,
                                       trial.height,  trial.width,     trial.batch};
    const formats::AllBoxes all = formats::all_boxes(heads, options);
    add_run("boxes", {{"in/image", run.at("in/image")}, {"out/boxes", all.boxes}, {"out/scores", all.scores}});
    Weights expected{{"in/image", run.at("in/image")}};
    add_expected_detections(heads, options, expected);
    EXPECT_GT(expected.at("out/count").data[0], 0);
    add_run("detections", expected);
  }
  compare();
}

// The part behind the network alone: overlaps, equal scores, candidates cut off, nothing found, numbers that are none.
TEST_F(OnnxRuntime, SuppressesAsWeDo) {
  for (const auto& [name, height, width] :
       {std::tuple("open", 0, 0), {"fixed-a", 128, 128}, {"fixed-b", 128, 256}, {"fixed-c", 256, 256}}) {
    formats::HeadOptions options;
    options.classes = kClasses;
    options.post.pre_nms = 400;
    formats::OnnxGraph graph;
    for (int level = 3; level <= 7; ++level) {
      const auto declare = [&](const std::string& kind, int64_t channels) {
        graph.input({fmt::format("{}.p{}", kind, level),
                     formats::OnnxType::f32,
                     {std::string("batch"), channels, fmt::format("h{}", level), fmt::format("w{}", level)}});
      };
      declare("class", 9 * kClasses);
      declare("box", 9 * 4);
    }
    formats::add_boxes(graph, {options.anchors, kClasses, height, width}, "all.boxes", "all.scores");
    const auto anchors =
        static_cast<int64_t>(height > 0 ? detect::make_anchors(options.anchors, height, width).size() : 0);
    add_detections(graph, {options.post, kClasses, anchors}, "all.boxes", "all.scores");
    for (const char* output : {"boxes", "scores"}) graph.output({output, formats::OnnxType::f32, {}});
    formats::OnnxFile file = graph.finish();
    file.outputs = {{"boxes", formats::OnnxType::f32, {std::string("batch"), int64_t{100}, int64_t{4}}},
                    {"scores", formats::OnnxType::f32, {std::string("batch"), int64_t{100}}},
                    {"labels", formats::OnnxType::i64, {std::string("batch"), int64_t{100}}},
                    {"count", formats::OnnxType::i64, {std::string("batch")}}};
    add_file(name, file);
    for (const Trial& trial : kTrials) {
      if (height > 0 && (trial.height != height || trial.width != width)) continue;
      for (const float threshold : {0.05F, 0.999F}) {
        options.height = trial.height;
        options.width = trial.width;
        options.batch = trial.batch;
        options.post.score_threshold = threshold;
        formats::Heads heads = formats::clear_heads(options);
        options.post.score_threshold = 0.05F;
        if (threshold > 0.9F) {  // nothing passes
          for (auto& [key, value] : heads.values) std::fill(value.floats.begin(), value.floats.end(), -6.0F);
        }
        heads.values.at("class.p3").floats[3] = NAN;
        heads.values.at("box.p6").floats[5] = INFINITY;
        Weights tensors;
        for (const auto& [key, value] : heads.values) tensors["in/" + key] = {value.shape, value.floats};
        add_expected_detections(heads, options, tensors);
        add_run(name, tensors);
      }
    }
  }
  compare();
}

}  // namespace
}  // namespace spinenet
