#include "formats/onnx/export/export_segmenter.h"

#include <functional>

#include <gtest/gtest.h>

#include "arch/families.h"
#include "arch/text.h"
#include "base/error.h"
#include "formats/onnx/interpreter/run.h"
#include "graph/reference.h"
#include "graph/weights.h"

namespace spinenet::formats {
namespace {

constexpr int kClasses = 3;

struct SegmenterSource {
  arch::Architecture architecture;
  ModelFile model;

  explicit SegmenterSource(const std::vector<double>& box_thresholds)
      : architecture(arch::named_architecture("spinenet-49s")) {
    architecture.two_stage.box_thresholds = box_thresholds;
    architecture.scaling.filter_size_scale = 0.05;
    architecture.scaling.endpoints_num_filters = 4;
    architecture.scaling.stem_filters = 4;
    arch::TwoStageHead& head = architecture.two_stage;
    head.rpn_filters = head.box_filters = head.mask_filters = 4;
    head.box_convs = head.mask_convs = 1;
    head.box_dense = 8;
    model.architecture = to_json(architecture);
    model.task = "segment";
    model.classes = {{3, "apple"}, {7, "pear"}, {90, "fig"}};
    model.image_size = 128;
    for (const graph::Program& program : graph::programs_of(lowered(128, 128))) {
      model.weights.merge(graph::initial_weights(program, {.residual_norm_weight = 1, .predictor_deviation = 0.3}, 5));
    }
  }

  graph::TwoStageProgram lowered(int height, int width) const {
    return graph::lower_two_stage(architecture, {.height = height, .width = width, .classes = kClasses});
  }
  std::vector<HostTensor> run(const graph::Program& program, const HostTensor& input) const {
    return graph::run_reference(program, graph::own_weights(program, model.weights), input);
  }
};

const SegmenterSource& source() {
  static const SegmenterSource one({0.5});
  return one;
}

const SegmenterSource& cascade() {
  static const SegmenterSource one({0.5, 0.6, 0.7});
  return one;
}

OnnxOptions options_of(int height, int width) {
  OnnxOptions options;
  options.batch = 1;
  options.height = height;
  options.width = width;
  const arch::Architecture& a = source().architecture;
  options.anchors = {a.min_level, a.max_level, a.two_stage.scales, a.two_stage.aspect_ratios, a.two_stage.anchor_size};
  options.proposals = {.pre_nms = 60, .post_nms = 80};
  options.post.pre_nms = 100;
  options.post.max_detections = 30;
  return options;
}

OnnxFile made(const OnnxOptions& options, const SegmenterSource& of = source()) {
  const bool open = options.height == 0;
  return make_segmenter_onnx(of.lowered(open ? 128 : options.height, open ? 128 : options.width), of.model, options);
}

OnnxCheck checked(const OnnxFile& file, const OnnxOptions& options, const SegmenterSource& of = source()) {
  OnnxCheckOptions check;
  check.task = arch::Task::segment;
  check.source = [&](const HostTensor& image) {
    const auto extent = [&](size_t axis) { return static_cast<int>(image.shape[axis]); };
    return of.run(of.lowered(extent(2), extent(3)).trunk, image);
  };
  const graph::TwoStageProgram network = of.lowered(128, 128);
  for (const graph::Program& head : network.box_heads) {
    check.box_heads.push_back([&](const HostTensor& crops) { return of.run(head, crops); });
  }
  check.mask_head = [&](const HostTensor& crops) { return of.run(network.mask_head, crops); };
  check.anchors = options.anchors;
  check.post = options.post;
  check.proposals = options.proposals;
  check.classes = kClasses;
  check.height = options.height;
  check.width = options.width;
  check.single_point = options.single_point;
  check.limit = 1e-5;
  return check_onnx(file, check);
}

// The check reads the crops as roi_align does: with the other reading they are not the same.
TEST(OnnxSegmenter, HeadsMayReadSinglePoints) {
  OnnxOptions options = options_of(128, 256);
  options.single_point = true;
  const OnnxFile file = made(options);
  const OnnxCheck check = checked(file, options);
  EXPECT_TRUE(holds(check)) << worst(check).what << ": " << worst(check).error;
  options.single_point = false;
  EXPECT_FALSE(holds(checked(file, options)));
}

TEST(OnnxSegmenter, EveryPartHoldsAtEverySize) {
  for (const auto& [height, width] : {std::pair(128, 256), {0, 0}}) {
    const OnnxOptions options = options_of(height, width);
    const OnnxFile file = made(options);
    const OnnxFile written = parse_onnx(to_bytes(file, "m.onnx"), "m.onnx");
    EXPECT_EQ(written, file);
    EXPECT_EQ(written.opset, 16);
    const OnnxCheck check = checked(written, options);
    EXPECT_TRUE(holds(check)) << worst(check).what << ": " << worst(check).error;
    EXPECT_EQ(check.rows.size(), height > 0 ? 9U : 15U);
  }
}

TEST(OnnxSegmenter, EveryPartOfACascadeHolds) {
  for (const auto& [height, width] : {std::pair(128, 256), {0, 0}}) {
    const OnnxOptions options = options_of(height, width);
    const OnnxCheck check = checked(made(options, cascade()), options, cascade());
    EXPECT_TRUE(holds(check)) << worst(check).what << ": " << worst(check).error;
    EXPECT_EQ(check.rows.size(), height > 0 ? 13U : 23U) << "two more heads, and their ROIs at each size";
  }
}

TEST(OnnxSegmenter, DeclaresWhatItTakesAndGives) {
  using Extents = std::vector<OnnxExtent>;
  const std::string found = "detections";
  const OnnxFile file = made(options_of(0, 0));
  ASSERT_EQ(file.inputs.size(), 2U);
  EXPECT_EQ(file.inputs[0].shape, (Extents{int64_t{1}, int64_t{3}, std::string("height"), std::string("width")}));
  EXPECT_EQ(file.inputs[1], (OnnxValue{"picture", OnnxType::f32, {int64_t{1}, int64_t{2}}}));
  ASSERT_EQ(file.outputs.size(), 5U);
  EXPECT_EQ(file.outputs[0], (OnnxValue{"boxes", OnnxType::f32, {int64_t{1}, found, int64_t{4}}}));
  EXPECT_EQ(file.outputs[4], (OnnxValue{"masks", OnnxType::f32, {int64_t{1}, found, int64_t{28}, int64_t{28}}}));
  EXPECT_EQ(file.metadata.at("task"), "segment");
  EXPECT_EQ(parse_json(file.metadata.at("proposals"), "proposals")["post_nms"], 80);
  EXPECT_EQ(parse_json(file.metadata.at("anchors"), "anchors")["size"], 3.0);
}

TEST(OnnxSegmenter, FindsNothingWhereThereIsNothing) {
  const OnnxFile file = made(options_of(128, 128));
  OnnxValues given{{"image", {OnnxType::f32, {1, 3, 128, 128}, std::vector<float>(3 * 128 * 128), {}}},
                   {"picture", {OnnxType::f32, {1, 2}, {0, 0}, {}}}};
  const std::vector<std::string> wanted{"rois", "boxes", "count", "masks"};
  const OnnxValues found = run_onnx(file, given, wanted, 1);
  EXPECT_EQ(found.at("rois").floats, (std::vector<float>{0, 0, 0, 0})) << "of an image without an area";
  EXPECT_EQ(found.at("boxes").shape, (std::vector<int64_t>{1, 0, 4}));
  EXPECT_EQ(found.at("count").ints, (std::vector<int64_t>{0}));
  EXPECT_EQ(found.at("masks").shape, (std::vector<int64_t>{1, 0, 28, 28}));
}

std::string refusal(const OnnxOptions& options) {
  try {
    made(options);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    return error.what();
  }
  return "";
}

TEST(OnnxSegmenter, RefusesOtherFormsAndBatches) {
  OnnxOptions options = options_of(128, 128);
  options.batch = 4;
  EXPECT_EQ(refusal(options),
            "export: a model that segments takes one image a run; use a batch of 1: images differ in their number "
            "of regions");
  options.batch = 1;
  options.form = OnnxForm::raw;
  EXPECT_EQ(refusal(options),
            "export: no form \"raw\" of a model whose task is segment; use detections: it is several networks, which "
            "are of use only with what lies between them");
}

std::function<void(OnnxFile&)> number(const char* name, float value) {
  return [=](OnnxFile& f) { f.initialisers.at(name).floats[0] = value; };
}

using Faults = std::vector<std::pair<std::string, std::function<void(OnnxFile&)>>>;

void expect_named(const Faults& faults, const SegmenterSource& of) {
  const OnnxOptions options = options_of(128, 128);
  for (const auto& [part, fault] : faults) {
    OnnxFile file = made(options, of);
    fault(file);
    const OnnxCheck check = checked(file, options, of);
    EXPECT_FALSE(holds(check)) << part;
    EXPECT_TRUE(worst(check).what.starts_with(part)) << part << ": " << worst(check).what;
  }
}

TEST(OnnxSegmenter, TheCheckNamesThePartOfACascadeThatDiffers) {
  expect_named({{"box head3", number("box_head3.dense.weight", 9)},
                {"crops", number("box_crops2.beyond3.area", 112 * 112)},
                {"rois2", number("rois2.refined.code_scale", 5)},
                {"rois3", number("rois3.refined.code_scale", 10)},
                {"detections", number("detections.heads", 2)},
                {"detections", number("detections.code_scale", 10)}},
               cascade());
}

// Whatever is changed in the graph shows in the part that it belongs to.
TEST(OnnxSegmenter, TheCheckNamesThePartThatDiffers) {
  const auto attribute = [](const char* name, const char* key, OnnxAttribute value) {
    return [=](OnnxFile& f) {
      for (OnnxNode& node : f.nodes) {
        if (node.name == name) node.attributes.at(key) = value;
      }
    };
  };
  const Faults faults{
      {"network", number("rpn.objectness.weight", 9)},
      {"box head", number("box_head.dense.weight", 9)},
      {"mask head", number("mask_head.deconv.weight", 9)},
      {"proposals", number("proposals.iou", 0.6F)},
      {"proposals", [](OnnxFile& f) { f.initialisers.at("proposals.post_nms").ints[0] = 40; }},
      {"proposals",
       [](OnnxFile& f) {
         for (float& side : f.initialisers.at("anchors.p3.sizes").floats) side *= 1.1F;
       }},
      {"crops", number("box_crops.beyond3.area", 112 * 112)},
      {"crops", attribute("mask_crops.p3.crops", "spatial_scale", 0.25F)},
      {"crops", attribute("box_crops.p3.crops", "sampling_ratio", int64_t{1})},
      {"detections", number("detections.iou", 0.6F)},
      {"detections", number("detections.threshold", 0.3F)},
      {"detections", number("detections.code_scale", 5)},
      {"proposals",
       [](OnnxFile& f) {
         std::swap(f.initialisers.at("image.limits.at").ints[0], f.initialisers.at("image.limits.at").ints[1]);
       }},
      {"masks",
       [](OnnxFile& f) {
         for (OnnxNode& node : f.nodes) {
           if (node.name == "masks.probabilities") node.op = "Relu";
         }
       }},
  };
  expect_named(faults, source());
}

}  // namespace
}  // namespace spinenet::formats
