#include "formats/onnx/export/export_segmenter.h"

#include "base/error.h"
#include "base/format.h"
#include "formats/onnx/export/crops.h"
#include "formats/onnx/export/image_limits.h"
#include "formats/onnx/export/metadata.h"
#include "formats/onnx/export/network.h"
#include "formats/onnx/export/proposals.h"
#include "formats/onnx/export/region_detections.h"
#include "graph/weights.h"

namespace spinenet::formats {
namespace {

void check(const OnnxOptions& options) {
  if (options.form != OnnxForm::detections) {
    fail(ErrorKind::usage, fmt::format("no form \"{}\" of a model whose task is segment", name_of(options.form)),
         "export", "use detections: it is several networks, which are of use only with what lies between them");
  }
  if (options.batch != 1) {
    fail(ErrorKind::usage, "a model that segments takes one image a run", "export",
         "use a batch of 1: images differ in their number of regions");
  }
}

void declare(OnnxGraph& graph, const OnnxOptions& options) {
  const auto extent = [](int chosen, const char* name) {
    return chosen > 0 ? OnnxExtent(int64_t{chosen}) : OnnxExtent(std::string(name));
  };
  const int64_t one = 1;
  graph.input(
      {"image", OnnxType::f32, {one, int64_t{3}, extent(options.height, "height"), extent(options.width, "width")}});
  graph.input({"picture", OnnxType::f32, {one, int64_t{2}}});
  const std::string found = "detections";
  graph.output({"boxes", OnnxType::f32, {one, found, int64_t{4}}});
  graph.output({"scores", OnnxType::f32, {one, found}});
  graph.output({"labels", OnnxType::i64, {one, found}});
  graph.output({"count", OnnxType::i64, {one}});
  graph.output({"masks", OnnxType::f32, {one, found, int64_t{graph::kMaskSize}, int64_t{graph::kMaskSize}}});
}

}  // namespace

OnnxFile make_segmenter_onnx(const graph::TwoStageProgram& network, const ModelFile& model,
                             const OnnxOptions& options) {
  check(options);
  graph::check_weights(graph::parameters_of_all(graph::programs_of(network)), model.weights, "export");
  const auto classes = static_cast<int64_t>(model.classes.size());
  OnnxGraph graph;
  declare(graph, options);
  const auto add_part = [&](const graph::Program& program, const std::string& input) {
    add_network(graph, program, graph::own_weights(program, model.weights), input);
  };
  const OnnxCropOptions box_crops{options.anchors.min_level, options.anchors.max_level, graph::kBoxCrop,
                                  options.anchors.coarsest_stride, options.single_point};
  add_part(network.trunk, "image");
  const std::string limits = add_image_limits(graph, "picture");
  add_proposals(graph, {options.anchors, options.proposals, options.height, options.width}, limits, "rois");

  OnnxRegionAnswers answers{"rois", limits, {}};
  for (size_t stage = 0; stage < network.box_heads.size(); ++stage) {
    if (stage > 0) {
      const std::string refined = graph::stage_name("rois", stage);
      add_next_rois(graph, answers.heads.back(), stage - 1, answers.rois, limits, refined);
      answers.rois = refined;
    }
    const OnnxCrops crops = add_crops(graph, graph::stage_name("box_crops", stage), box_crops, answers.rois);
    add_part(network.box_heads[stage], crops.crops);
    answers.heads.push_back({graph::stage_name("class", stage), graph::stage_name("box", stage), crops.places});
  }
  add_region_detections(graph, {options.post, classes}, answers);

  const std::string found = graph.reshape("masks.rois", "found.boxes", {-1, 4});
  OnnxCropOptions mask_options = box_crops;
  mask_options.bins = graph::kMaskCrop;
  const OnnxCrops mask_crops = add_crops(graph, "mask_crops", mask_options, found);
  add_part(network.mask_head, mask_crops.crops);
  add_masks(graph, "mask", mask_crops.places, graph::kMaskSize);

  OnnxFile file = graph.finish();
  file.opset = kOnnxRoiOpset;
  file.producer_version = options.program_version;
  file.metadata = metadata_of(model, options);
  return file;
}

}  // namespace spinenet::formats
