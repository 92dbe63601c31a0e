// An exported Mask R-CNN in ONNX Runtime, against the reference interpreter and our own post-processing: the whole of
// it, and the parts between its networks on made-up values.
#include <algorithm>
#include <cmath>

#include "arch/families.h"
#include "arch/text.h"
#include "base/format.h"
#include "base/random.h"
#include "detect/box_head.h"
#include "detect/roi_align.h"
#include "formats/onnx/check/check_regions.h"
#include "formats/onnx/export/crops.h"
#include "formats/onnx/export/export_segmenter.h"
#include "formats/onnx/export/image_limits.h"
#include "formats/onnx/export/proposals.h"
#include "formats/onnx/export/region_detections.h"
#include "graph/reference.h"
#include "graph/weights.h"
#include "parity/ort_test.h"

namespace spinenet {
namespace {

class OnnxRuntimeSegments : public OrtTest {};

constexpr int kClasses = 3;

arch::Architecture narrow() {
  arch::Architecture a = arch::named_architecture("spinenet-49s");
  a.scaling.filter_size_scale = 0.05;
  a.scaling.stem_filters = 8;
  a.scaling.endpoints_num_filters = 8;
  arch::TwoStageHead& head = a.two_stage;
  head.rpn_filters = head.box_filters = head.mask_filters = 8;
  head.box_convs = head.mask_convs = 2;
  head.box_dense = 16;
  return a;
}

struct Source {
  arch::Architecture architecture = narrow();
  formats::ModelFile model;
  formats::OnnxOptions options;

  explicit Source(const std::vector<double>& box_thresholds = {0.5}) {
    architecture.two_stage.box_thresholds = box_thresholds;
    model.architecture = to_json(architecture);
    model.task = "segment";
    model.classes = {{1, "a"}, {5, "b"}, {9, "c"}};
    model.image_size = 128;
    for (const graph::Program& program : graph::programs_of(lowered(128, 128))) {
      model.weights.merge(graph::initial_weights(
          program, {.residual_norm_weight = 1, .deeper_norm_weight = 1, .predictor_deviation = 0.3}, 11));
    }
    for (size_t stage = 0; stage < box_thresholds.size(); ++stage) {  // scores apart
      for (float& weight : model.weights.at(graph::stage_name("box_head", stage) + ".class.weight").data) weight *= 20;
    }
    const arch::TwoStageHead& head = architecture.two_stage;
    options.batch = 1;
    options.anchors = {architecture.min_level, architecture.max_level, head.scales, head.aspect_ratios,
                       head.anchor_size};
    options.proposals = {.pre_nms = 200, .post_nms = 100};
    options.post.score_threshold = 0.05F;
  }

  graph::TwoStageProgram lowered(int height, int width) const {
    return graph::lower_two_stage(architecture, {.height = height, .width = width, .classes = kClasses});
  }
  std::vector<HostTensor> run(const graph::Program& program, const HostTensor& input) const {
    return graph::run_reference(program, graph::own_weights(program, model.weights), input);
  }
};

HostTensor noise(std::vector<int64_t> shape) {
  HostTensor tensor = make_tensor(std::move(shape));
  Random random(7);
  for (float& x : tensor.data) x = static_cast<float>(random.normal());
  return tensor;
}

formats::OnnxTensor to_onnx(const HostTensor& tensor) {
  return {formats::OnnxType::f32, tensor.shape, tensor.data, {}};
}

HostTensor to_tensor(const detect::Extent& picture) {
  return {{1, 2}, {static_cast<float>(picture.height), static_cast<float>(picture.width)}};
}

HostTensor crops_of(std::span<const HostTensor> maps, const std::vector<detect::Box>& rois, int bins) {
  std::vector<detect::FeatureLevel> pyramid;
  for (size_t i = 0; i < maps.size(); ++i) {
    const auto extent = [&](size_t axis) { return static_cast<int>(maps[i].shape[axis]); };
    pyramid.push_back({{3 + static_cast<int>(i), extent(2), extent(3)}, maps[i].data.data()});
  }
  HostTensor crops = make_tensor({static_cast<int64_t>(rois.size()), maps[0].shape[1], bins, bins});
  detect::roi_align(pyramid, rois, {.bins = bins}, crops.data);
  return crops;
}

// boxes, scores, labels and count as the file gives them.
void add_expected(const std::vector<detect::Detection>& found, Weights& tensors) {
  const auto count = static_cast<int64_t>(found.size());
  HostTensor boxes = make_tensor({1, count, 4}), scores = make_tensor({1, count}), labels = make_tensor({1, count});
  for (size_t i = 0; i < found.size(); ++i) {
    const detect::Box& box = found[i].box;
    std::copy_n(std::array{box.x1, box.y1, box.x2, box.y2}.begin(), 4,
                boxes.data.begin() + 4 * static_cast<std::ptrdiff_t>(i));
    scores.data[i] = found[i].score;
    labels.data[i] = static_cast<float>(found[i].label);
  }
  tensors["out/boxes"] = boxes;
  tensors["out/scores"] = scores;
  tensors["out/labels"] = labels;
  tensors["out/count"] = {{1}, {static_cast<float>(count)}};
}

// Everything that a run of the file gives, by the reference interpreter.
Weights reference_run(const Source& source, const detect::Extent& size, const detect::Extent& picture) {
  const HostTensor image = noise({1, 3, size.height, size.width});
  const graph::TwoStageProgram network = source.lowered(size.height, size.width);
  const std::vector<HostTensor> trunk = source.run(network.trunk, image);
  formats::OnnxValues outputs;
  for (size_t i = 0; i < trunk.size(); ++i) outputs[network.trunk.outputs[i].name] = to_onnx(trunk[i]);
  const formats::OnnxOptions& options = source.options;
  std::vector<detect::Box> rois =
      formats::proposals_of(outputs, {options.anchors, options.proposals, size.height, size.width, picture});
  const std::span<const HostTensor> pyramid = std::span(trunk).first(5);
  std::vector<HostTensor> answers = source.run(network.box_heads[0], crops_of(pyramid, rois, graph::kBoxCrop));
  std::vector<float> logits = answers[0].data;
  const size_t last = network.box_heads.size() - 1;
  for (size_t stage = 1; stage <= last; ++stage) {
    rois = detect::refine_rois(answers[1].data, rois, picture, stage - 1);
    answers = source.run(network.box_heads[stage], crops_of(pyramid, rois, graph::kBoxCrop));
    for (size_t i = 0; i < logits.size(); ++i) logits[i] += answers[0].data[i];
  }
  for (float& logit : logits) logit /= static_cast<float>(last + 1);
  const std::vector<detect::Detection> found =
      detect::box_head_detections({logits, answers[1].data, last}, rois, picture, options.post);
  std::vector<detect::Box> boxes;
  for (const detect::Detection& detection : found) boxes.push_back(detection.box);
  const HostTensor mask_logits = source.run(network.mask_head, crops_of(pyramid, boxes, graph::kMaskCrop)).front();
  constexpr size_t kArea = graph::kMaskSize * graph::kMaskSize;
  HostTensor masks = make_tensor({1, static_cast<int64_t>(found.size()), graph::kMaskSize, graph::kMaskSize});
  for (size_t i = 0; i < masks.data.size(); ++i) {
    const size_t one = i / kArea;
    const float x = mask_logits.data[(one * kClasses + static_cast<size_t>(found[one].label)) * kArea + i % kArea];
    masks.data[i] = 1 / (1 + std::exp(-x));
  }
  Weights tensors{{"in/image", image}, {"in/picture", to_tensor(picture)}, {"out/masks", masks}};
  add_expected(found, tensors);
  return tensors;
}

TEST_F(OnnxRuntimeSegments, GivesTheDetectionsAndMasksOfANetwork) {
  Source source;
  add_file("open", formats::make_segmenter_onnx(source.lowered(128, 128), source.model, source.options));
  for (const detect::Extent& size : {detect::Extent{128, 128}, {128, 256}, {256, 256}}) {
    const Weights run = reference_run(source, size, {size.height - 16, size.width - 40});
    EXPECT_GT(run.at("out/count").data[0], 3);
    add_run("open", run);
  }
  source.options.height = 256;
  source.options.width = 128;
  add_file("fixed", formats::make_segmenter_onnx(source.lowered(256, 128), source.model, source.options));
  add_run("fixed", reference_run(source, {256, 128}, {256, 128}));
  compare();
}

TEST_F(OnnxRuntimeSegments, GivesTheDetectionsAndMasksOfACascade) {
  Source source({0.5, 0.6, 0.7});
  add_file("open", formats::make_segmenter_onnx(source.lowered(128, 128), source.model, source.options));
  for (const detect::Extent& size : {detect::Extent{128, 128}, {128, 256}}) {
    const Weights run = reference_run(source, size, {size.height - 16, size.width - 40});
    EXPECT_GT(run.at("out/count").data[0], 3);
    add_run("open", run);
  }
  compare();
}

// Nothing passes, and a picture of no extent in which nothing is even proposed.
TEST_F(OnnxRuntimeSegments, GivesNothingWhereNothingIs) {
  Source source;
  source.options.post.score_threshold = 0.9999F;
  add_file("nothing", formats::make_segmenter_onnx(source.lowered(128, 128), source.model, source.options));
  for (const detect::Extent& picture : {detect::Extent{128, 128}, {0, 0}}) {
    Weights run{{"in/image", noise({1, 3, 128, 128})}, {"in/picture", to_tensor(picture)}};
    add_expected({}, run);
    run["out/masks"] = make_tensor({1, 0, graph::kMaskSize, graph::kMaskSize});
    add_run("nothing", run);
  }
  compare();
}

// Overlaps, equal logits, levels cut off, numbers that are none.
TEST_F(OnnxRuntimeSegments, ProposesAsWeDo) {
  for (const auto& [name, height, width] : {std::tuple("open", 0, 0), {"fixed", 128, 256}}) {
    formats::ProposalTrial trial{
        Source().options.anchors, {.pre_nms = 300, .post_nms = 200, .min_size = 2}, 128, 256, {120, 200}};
    formats::OnnxGraph graph;
    for (int level = 3; level <= 7; ++level) {
      for (const auto& [kind, channels] : {std::pair("objectness", 3), {"proposal_box", 12}}) {
        graph.input({fmt::format("{}.p{}", kind, level),
                     formats::OnnxType::f32,
                     {int64_t{1}, int64_t{channels}, fmt::format("h{}", level), fmt::format("w{}", level)}});
      }
    }
    graph.input({"picture", formats::OnnxType::f32, {int64_t{1}, int64_t{2}}});
    const std::string limits = formats::add_image_limits(graph, "picture");
    formats::add_proposals(graph, {trial.anchors, trial.proposals, height, width}, limits, "rois");
    graph.output({"rois", formats::OnnxType::f32, {std::string("rois"), int64_t{4}}});
    add_file(name, graph.finish());
    formats::OnnxValues values = formats::clear_proposals(trial);
    values.at("objectness.p3").floats[3] = NAN;
    values.at("proposal_box.p4").floats[5] = NAN;
    values.at("proposal_box.p6").floats[1] = INFINITY;
    Weights run{{"in/picture", to_tensor(trial.image)}};
    for (const auto& [key, value] : values) run["in/" + key] = {value.shape, value.floats};
    const std::vector<detect::Box> rois = formats::proposals_of(values, trial);
    EXPECT_GT(rois.size(), 50U);
    run["out/rois"] = formats::to_tensor(rois);
    add_run(name, run);
  }
  compare();
}

// ROIs of every size, smaller than a cell and larger than the map of their level, each at its place.
TEST_F(OnnxRuntimeSegments, CropsAsWeDo) {
  formats::OnnxGraph graph;
  const formats::OnnxCropOptions options{3, 7, graph::kBoxCrop};
  Weights run;
  std::vector<HostTensor> maps;
  for (int level = 3; level <= 7; ++level) {
    const int64_t side = 1024 >> level;
    maps.push_back(noise({1, 2, side, side}));
    graph.input({fmt::format("p{}", level), formats::OnnxType::f32, {int64_t{1}, int64_t{2}, side, side}});
    run[fmt::format("in/p{}", level)] = maps.back();
  }
  graph.input({"rois", formats::OnnxType::f32, {std::string("rois"), int64_t{4}}});
  const formats::OnnxCrops crops = formats::add_crops(graph, "crops", options, "rois");
  graph.node("Gather", "ordered", {crops.crops, crops.places}, {{"axis", int64_t{0}}});
  graph.output({"ordered",
                formats::OnnxType::f32,
                {std::string("rois"), int64_t{2}, int64_t{graph::kBoxCrop}, int64_t{graph::kBoxCrop}}});
  formats::OnnxFile file = graph.finish();
  file.opset = formats::kOnnxRoiOpset;
  add_file("crops", file);
  std::vector<detect::Box> rois = formats::clear_regions({{}, kClasses, {1024, 1024}}).rois;
  for (const float side : {0.5F, 3.0F, 112.0F, 224.0F, 448.0F, 896.0F, 1024.0F, 1792.0F})
    rois.push_back({0, 0, side, side});
  run["in/rois"] = formats::to_tensor(rois);
  run["out/ordered"] = crops_of(maps, rois, graph::kBoxCrop);
  add_run("crops", run);
  compare();
}

// Equal scores, candidates cut off, boxes beyond the picture, numbers that are none.
TEST_F(OnnxRuntimeSegments, ChoosesAsWeDo) {
  formats::RegionTrial trial{{.pre_nms = 60, .max_detections = 20}, kClasses, {200, 300}};
  formats::OnnxGraph graph;
  const std::string count = "rois";
  graph.input({"rois", formats::OnnxType::f32, {count, int64_t{4}}});
  graph.input({"picture", formats::OnnxType::f32, {int64_t{1}, int64_t{2}}});
  graph.input({"class", formats::OnnxType::f32, {count, int64_t{kClasses + 1}, int64_t{1}, int64_t{1}}});
  graph.input({"box", formats::OnnxType::f32, {count, int64_t{4 * kClasses}, int64_t{1}, int64_t{1}}});
  graph.input({"places", formats::OnnxType::i64, {count}});
  const std::string limits = formats::add_image_limits(graph, "picture");
  formats::add_region_detections(graph, {trial.post, kClasses}, {"rois", limits, {{"class", "box", "places"}}});
  const std::string found = "found";
  graph.output({"boxes", formats::OnnxType::f32, {int64_t{1}, found, int64_t{4}}});
  graph.output({"scores", formats::OnnxType::f32, {int64_t{1}, found}});
  graph.output({"labels", formats::OnnxType::i64, {int64_t{1}, found}});
  graph.output({"count", formats::OnnxType::i64, {int64_t{1}}});
  add_file("choice", graph.finish());
  formats::Regions regions = formats::clear_regions(trial);
  regions.classes.data[5] = NAN;
  regions.boxes.data[17] = NAN;
  std::vector<int64_t> places;
  for (size_t i = 0; i < regions.rois.size(); ++i) places.push_back(static_cast<int64_t>(regions.rois.size() - 1 - i));
  Weights run{{"in/rois", formats::to_tensor(regions.rois)},
              {"in/picture", to_tensor(trial.image)},
              {"in/class", formats::moved_rows(regions.classes, places)},
              {"in/box", formats::moved_rows(regions.boxes, places)},
              {"in/places", {{static_cast<int64_t>(places.size())}, {places.begin(), places.end()}}}};
  add_expected(formats::detections_of(regions, trial), run);
  EXPECT_EQ(run.at("out/count").data[0], 20);
  add_run("choice", run);
  compare();
}

}  // namespace
}  // namespace spinenet
