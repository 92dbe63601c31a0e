#include "runtime/export_onnx.h"

#include "arch/task.h"
#include "formats/onnx/export/export_segmenter.h"
#include "graph/anchors.h"
#include "graph/lower.h"
#include "graph/lower_two_stage.h"
#include "graph/weights.h"
#include "runtime/detect_function.h"
#include "runtime/two_stage.h"

namespace spinenet::runtime {
namespace {

graph::LowerOptions lower_options(const Model& model, int height, int width) {
  return {.height = height, .width = width, .classes = static_cast<int>(model.file.classes.size())};
}

// The network that sees the image.
graph::Program lowered(const Model& model, arch::Task task, int height, int width) {
  const graph::LowerOptions options = lower_options(model, height, width);
  switch (task) {
    case arch::Task::detect:
      return graph::lower_detector(model.architecture, options);
    case arch::Task::classify:
      return graph::lower_classifier(model.architecture, options);
    case arch::Task::segment:
      return graph::lower_two_stage(model.architecture, options).trunk;
  }
  return {};
}

graph::Forward network_forward(const graph::Program& program, const Model& model, int threads) {
  return engine_forward_of(program, graph::own_weights(program, model.file.weights), threads);
}

// The model itself, lowered for the size of each input.
graph::Forward source_of(const Model& model, arch::Task task, int threads) {
  return [&model, task, threads](const HostTensor& image) {
    const graph::Program program =
        lowered(model, task, static_cast<int>(image.shape[2]), static_cast<int>(image.shape[3]));
    return network_forward(program, model, threads)(image);
  };
}

formats::OnnxCheckOptions onnx_check_options(const Model& model, arch::Task task, const ExportOptions& options) {
  formats::OnnxCheckOptions check;
  check.task = task;
  check.source = source_of(model, task, options.threads);
  if (task == arch::Task::segment) {
    const int side = arch::coarsest_stride(model.architecture);
    const graph::TwoStageProgram network = graph::lower_two_stage(model.architecture, lower_options(model, side, side));
    for (const graph::Program& head : network.box_heads) {
      check.box_heads.push_back(network_forward(head, model, options.threads));
    }
    check.mask_head = network_forward(network.mask_head, model, options.threads);
    check.proposals = options.onnx.proposals;
  }
  check.anchors = options.onnx.anchors;
  check.yolo = options.onnx.yolo;
  check.post = options.onnx.post;
  check.single_point = options.onnx.single_point;
  check.classes = static_cast<int>(model.file.classes.size());
  check.height = options.onnx.height;
  check.width = options.onnx.width;
  check.limit = options.limit;
  check.threads = options.threads;
  return check;
}

// The layers of a VGG's classifier are others for small and for large images.
void check_open_size(const Model& model, arch::Task task, const formats::OnnxOptions& onnx) {
  const auto* vgg = std::get_if<arch::Vgg>(&model.architecture.backbone);
  if (task != arch::Task::classify || onnx.height > 0 || vgg == nullptr || vgg->pyramid) return;
  fail(ErrorKind::usage, "a VGG that classifies has no network for all sizes", model.path.string(),
       "export it for one size");
}

formats::OnnxFile make_file(const Model& model, arch::Task task, const formats::OnnxOptions& onnx) {
  const int side = arch::coarsest_stride(model.architecture);
  const int height = onnx.height > 0 ? onnx.height : side, width = onnx.width > 0 ? onnx.width : side;
  const std::string place = model.path.string();
  check_open_size(model, task, onnx);
  if (task == arch::Task::segment) {
    const graph::TwoStageProgram network =
        graph::lower_two_stage(model.architecture, lower_options(model, height, width));
    graph::check_weights(graph::parameters_of_all(graph::programs_of(network)), model.file.weights, place);
    return formats::make_segmenter_onnx(network, model.file, onnx);
  }
  const graph::Program program = lowered(model, task, height, width);
  graph::check_weights(program, model.file.weights, place);
  return formats::make_onnx(program, model.file, onnx);
}

}  // namespace

Export export_model(const Model& model, const Output& output, const ExportOptions& given) {
  const arch::Task task = arch::task_named(model.file.task);
  ExportOptions options = given;
  options.onnx.anchors = task == arch::Task::segment ? graph::proposal_anchors(model.architecture)
                                                     : graph::anchor_options(model.architecture);
  if (task == arch::Task::detect && model.architecture.head_kind == arch::HeadKind::yolo) {
    options.onnx.yolo = graph::yolo_levels(model.architecture);
  }
  if (task == arch::Task::segment) options.onnx.proposals = proposal_options(model);
  options.onnx.single_point = levels_of(model.architecture).single_point;
  Export made{make_file(model, task, options.onnx), {}};
  made.check = formats::export_onnx(output, made.file, onnx_check_options(model, task, options));
  return made;
}

}  // namespace spinenet::runtime
