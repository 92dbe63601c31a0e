#include "formats/onnx/export/export.h"

#include <algorithm>

#include "base/error.h"
#include "base/format.h"
#include "formats/onnx/export/boxes.h"
#include "formats/onnx/export/detections.h"
#include "formats/onnx/export/metadata.h"
#include "formats/onnx/export/network.h"
#include "formats/onnx/export/yolo_boxes.h"

namespace spinenet::formats {
namespace {

const std::string kImage = "image";

OnnxExtent batch_of(const OnnxOptions& options) {
  return options.batch > 0 ? OnnxExtent(options.batch) : OnnxExtent(std::string("batch"));
}

// Where the size is open: "height/8".
OnnxExtent extent_of(int64_t extent, int64_t of_image, int chosen, std::string_view name) {
  if (chosen > 0) return extent;
  return extent == of_image ? std::string(name) : fmt::format("{}/{}", name, of_image / extent);
}

int64_t anchor_count(const graph::Program& program, const OnnxOptions& options) {
  const graph::Shape& image = program.values.front();
  const detect::AnchorOptions& anchors = options.anchors;
  int64_t cells = 0, of_yolo = 0;
  for (const detect::YoloLevel& level : options.yolo) {
    of_yolo +=
        (image.height / level.stride) * (image.width / level.stride) * static_cast<int64_t>(level.anchors.size());
  }
  if (!options.yolo.empty()) return of_yolo;
  for (int level = anchors.min_level; level <= anchors.max_level; ++level) {
    const int stride = detect::stride_of(anchors, level);
    cells += (image.height / stride) * (image.width / stride);
  }
  return cells * anchors_per_cell(anchors);
}

void declare_input(OnnxGraph& graph, const graph::Program& program, const OnnxOptions& options) {
  const graph::Shape& image = program.values.front();
  graph.input({kImage,
               OnnxType::f32,
               {batch_of(options), image.channels, extent_of(image.height, image.height, options.height, "height"),
                extent_of(image.width, image.width, options.width, "width")}});
}

void declare_raw(OnnxGraph& graph, const graph::Program& program, const OnnxOptions& options) {
  const graph::Shape& image = program.values.front();
  for (const graph::Output& output : program.outputs) {
    const graph::Shape& shape = program.values[static_cast<size_t>(output.value)];
    graph.output({output.name,
                  OnnxType::f32,
                  {batch_of(options), shape.channels, extent_of(shape.height, image.height, options.height, "height"),
                   extent_of(shape.width, image.width, options.width, "width")}});
  }
}

// Averages over the whole map: no extent depends on the image.
void declare_classes(OnnxGraph& graph, int64_t classes, const OnnxOptions& options) {
  graph.output({"class", OnnxType::f32, {batch_of(options), classes, int64_t{1}, int64_t{1}}});
}

void declare_scores(OnnxGraph& graph, int64_t classes, const OnnxOptions& options) {
  graph.output({"scores", OnnxType::f32, {batch_of(options), classes}});
}

void declare_boxes(OnnxGraph& graph, int64_t anchors, int64_t classes, const OnnxOptions& options) {
  const OnnxExtent count = options.height > 0 ? OnnxExtent(anchors) : OnnxExtent(std::string("anchors"));
  graph.output({"boxes", OnnxType::f32, {batch_of(options), count, int64_t{4}}});
  graph.output({"scores", OnnxType::f32, {batch_of(options), count, classes}});
}

void declare_detections(OnnxGraph& graph, const OnnxOptions& options) {
  const int64_t most = options.post.max_detections;
  graph.output({"boxes", OnnxType::f32, {batch_of(options), most, int64_t{4}}});
  graph.output({"scores", OnnxType::f32, {batch_of(options), most}});
  graph.output({"labels", OnnxType::i64, {batch_of(options), most}});
  graph.output({"count", OnnxType::i64, {batch_of(options)}});
}

arch::HeadKind head_of(const OnnxOptions& options) {
  return options.yolo.empty() ? arch::HeadKind::retina : arch::HeadKind::yolo;
}

void check_form(arch::Task task, const OnnxOptions& options) {
  const OnnxForm form = options.form;
  const std::span<const OnnxForm> forms = forms_of(task, head_of(options));
  if (std::find(forms.begin(), forms.end(), form) != forms.end()) return;
  if (!options.yolo.empty() && form == OnnxForm::detections) {
    fail(ErrorKind::usage, "a YOLO head suppresses boxes by a rule that ONNX's NonMaxSuppression does not have",
         "export", "use boxes, and suppress as docs/export.md says");
  }
  std::vector<std::string_view> known;
  for (const OnnxForm f : forms) known.push_back(name_of(f));
  fail(ErrorKind::usage, fmt::format("no form \"{}\" of a model whose task is {}", name_of(form), name_of(task)),
       "export", fmt::format("use {}", fmt::join(known, " or ")));
}

// Every image that the file takes has at least so many candidates.
void check_counts(const OnnxOptions& options, int64_t anchors, int64_t classes) {
  const int64_t candidates = std::min<int64_t>(options.post.pre_nms, anchors * classes);
  if (options.post.max_detections < 1 || options.post.max_detections > candidates) {
    fail(ErrorKind::usage,
         fmt::format("{} detections of {} candidates at most", options.post.max_detections, candidates), "export",
         fmt::format("ask for 1 to {}", candidates));
  }
}

}  // namespace

std::span<const OnnxForm> forms_of(arch::Task task, arch::HeadKind head) {
  static constexpr std::array kDetector{OnnxForm::raw, OnnxForm::boxes, OnnxForm::detections};
  static constexpr std::array kClassifier{OnnxForm::raw, OnnxForm::scores};
  static constexpr std::array kSegmenter{OnnxForm::detections};
  switch (task) {
    case arch::Task::detect:
      return head == arch::HeadKind::yolo ? std::span(kDetector).first(2) : std::span(kDetector);
    case arch::Task::classify:
      return kClassifier;
    case arch::Task::segment:
      return kSegmenter;
  }
  fail(ErrorKind::failed, "no such task", "export");
}

OnnxFile make_onnx(const graph::Program& program, const ModelFile& model, const OnnxOptions& options) {
  const arch::Task task = arch::task_named(model.task);
  check_form(task, options);
  const auto classes = static_cast<int>(model.classes.size());
  OnnxGraph graph;
  declare_input(graph, program, options);
  add_network(graph, program, model.weights, kImage);
  const OnnxBoxesOptions boxes{options.anchors, classes, options.height, options.width};
  const int64_t anchors = anchor_count(program, options);
  switch (options.form) {
    case OnnxForm::raw:
      if (task == arch::Task::classify) {
        declare_classes(graph, classes, options);
      } else {
        declare_raw(graph, program, options);
      }
      break;
    case OnnxForm::scores:
      graph.node("Softmax", "scores", {graph.reshape("class.row", "class", {0, -1})}, {{"axis", int64_t{1}}});
      declare_scores(graph, classes, options);
      break;
    case OnnxForm::boxes:
      if (options.yolo.empty()) {
        add_boxes(graph, boxes, "boxes", "scores");
      } else {
        add_yolo_boxes(graph, {options.yolo, options.anchors.min_level, classes}, "boxes", "scores");
      }
      declare_boxes(graph, anchors, classes, options);
      break;
    case OnnxForm::detections:
      check_counts(options, anchors, classes);
      add_boxes(graph, boxes, "all.boxes", "all.scores");
      add_detections(graph, {options.post, classes, options.height > 0 ? anchors : 0}, "all.boxes", "all.scores");
      declare_detections(graph, options);
      break;
  }
  OnnxFile file = graph.finish();
  file.producer_version = options.program_version;
  file.metadata = metadata_of(model, options);
  return file;
}

OnnxCheck export_onnx(const Output& output, const OnnxFile& file, const OnnxCheckOptions& options) {
  const std::string place = output.path().string();
  const std::string bytes = to_bytes(file, place);
  OnnxCheck check = check_onnx(parse_onnx(bytes, place), options);
  if (!holds(check)) {
    fail(ErrorKind::failed,
         fmt::format("differs from the model by {:.2g} ({}), more than {:.2g}: not written", worst(check).error,
                     worst(check).what, check.limit),
         place, "please report it with `spinenet checks`; a larger --limit writes the file all the same");
  }
  output.write(bytes);
  check.bytes = static_cast<int64_t>(bytes.size());
  return check;
}

}  // namespace spinenet::formats
