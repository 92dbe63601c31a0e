// spinenet export: a model as an ONNX file, checked against the model before it is kept.
#include "formats/onnx/export/export.h"

#include <algorithm>
#include <charconv>
#include <memory>

#include "arch/task.h"
#include "base/enum_names.h"
#include "base/error.h"
#include "base/format.h"
#include "base/known_names.h"
#include "base/log.h"
#include "cli/command.h"
#include "cli/forward.h"
#include "cli/inputs.h"
#include "cli/model.h"
#include "cli/output.h"
#include "formats/onnx/export/export_segmenter.h"
#include "graph/lower.h"
#include "graph/lower_two_stage.h"
#include "graph/weights.h"
#include "runtime/detector.h"
#include "runtime/segmenter.h"

namespace spinenet::cli {
namespace {

struct ExportOptions {
  std::string model, onnx;
  std::string form, batch, size;
  detect::PostprocessOptions post;
  double limit = formats::OnnxCheckOptions().limit;
};

constexpr int kMaxExtent = 65536;

// The usual one of the task when none is named. One of another task is refused by what makes the file.
formats::OnnxForm form_of(const std::string& name, arch::Task task) {
  const std::span<const formats::OnnxForm> forms = formats::forms_of(task);
  if (name.empty()) return forms.back();
  if (const std::optional<formats::OnnxForm> form = value_named<formats::OnnxForm>(name)) return *form;
  std::vector<std::string_view> known;
  for (const formats::OnnxForm form : forms) known.push_back(name_of(form));
  unknown_name(ErrorKind::usage, "form", name, known);
}

// A whole number from 1 to `most`, or 0 when the text is none.
int positive(std::string_view text, int most) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && value >= 1 && value <= most ? value : 0;
}

int batch_of(const std::string& text, arch::Task task) {
  if (text.empty()) return task == arch::Task::segment ? 1 : 0;
  if (text == "any") return 0;
  const int batch = positive(text, 1 << 20);
  if (batch == 0) fail(ErrorKind::usage, fmt::format("--batch {}", text), "", "give a number from 1, or any");
  return batch;
}

struct InputSize {
  int height = 0, width = 0;              // of the input; 0: any
  int image_height = 0, image_width = 0;  // what a picture is scaled to fit in; 0: the model's own size
};

// "any", "N" (the input is as predict makes it for that image size) or "HxW".
InputSize size_of(const std::string& text, const runtime::Model& model, arch::Task task) {
  const int max_level = task == arch::Task::classify ? 0 : model.architecture.max_level;
  if (text == "any") return {};
  if (text.empty()) {
    const int side = runtime::input_size(model.file.image_size, max_level);
    return {side, side, 0, 0};
  }
  const size_t cross = text.find('x');
  const int height = positive(text.substr(0, cross), kMaxExtent);
  const int width = cross == std::string::npos ? height : positive(text.substr(cross + 1), kMaxExtent);
  if (height == 0 || width == 0) {
    fail(ErrorKind::usage, fmt::format("--size {}", text), "", "give N, HEIGHTxWIDTH, or any");
  }
  const InputSize size{runtime::input_size(height, max_level), runtime::input_size(width, max_level), height, width};
  if (cross != std::string::npos && (size.height != height || size.width != width)) {
    fail(ErrorKind::usage, fmt::format("--size {} is no multiple of {}", text, 1 << max_level), "",
         fmt::format("use {}x{}", size.height, size.width));
  }
  return size;
}

graph::LowerOptions lower_options(const runtime::Model& model, int height, int width) {
  graph::LowerOptions options;
  options.height = height;
  options.width = width;
  options.classes = static_cast<int>(model.file.classes.size());
  return options;
}

// The network that sees the picture.
graph::Program lowered(const runtime::Model& model, arch::Task task, int height, int width) {
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

graph::Forward forward_of(const graph::Program& program, const runtime::Model& model, int threads) {
  return make_forward(program, graph::own_weights(program, model.file.weights), threads, "cpu");
}

// The model itself, lowered for the size of each input.
graph::Forward source_of(const runtime::Model& model, arch::Task task, int threads) {
  return [&model, task, threads](const HostTensor& image) {
    const graph::Program program =
        lowered(model, task, static_cast<int>(image.shape[2]), static_cast<int>(image.shape[3]));
    return forward_of(program, model, threads)(image);
  };
}

formats::OnnxOptions onnx_options(const ExportOptions& options, const runtime::Model& model, arch::Task task) {
  formats::OnnxOptions onnx;
  onnx.form = form_of(options.form, task);
  onnx.batch = batch_of(options.batch, task);
  const InputSize size = size_of(options.size, model, task);
  onnx.height = size.height;
  onnx.width = size.width;
  onnx.image_height = size.image_height;
  onnx.image_width = size.image_width;
  onnx.anchors = task == arch::Task::segment ? runtime::proposal_anchors(model.architecture)
                                             : runtime::anchor_options(model.architecture);
  if (task == arch::Task::segment) onnx.proposals = runtime::proposal_options(model);
  onnx.post = options.post;
  onnx.program_version = SPINENET_VERSION;
  return onnx;
}

formats::OnnxCheckOptions check_options(const formats::OnnxOptions& onnx, const runtime::Model& model, arch::Task task,
                                        double limit, int threads) {
  formats::OnnxCheckOptions check;
  check.task = task;
  check.source = source_of(model, task, threads);
  if (task == arch::Task::segment) {
    const int side = 1 << model.architecture.max_level;
    const graph::TwoStageProgram network = graph::lower_two_stage(model.architecture, lower_options(model, side, side));
    for (const graph::Program& head : network.box_heads) check.box_heads.push_back(forward_of(head, model, threads));
    check.mask_head = forward_of(network.mask_head, model, threads);
    check.proposals = onnx.proposals;
  }
  check.anchors = onnx.anchors;
  check.post = onnx.post;
  check.classes = static_cast<int>(model.file.classes.size());
  check.height = onnx.height;
  check.width = onnx.width;
  check.limit = limit;
  check.threads = threads;
  return check;
}

formats::OnnxFile make_file(const ExportOptions& options, const runtime::Model& model, arch::Task task,
                            const formats::OnnxOptions& onnx) {
  const int side = 1 << model.architecture.max_level;
  const int height = onnx.height > 0 ? onnx.height : side, width = onnx.width > 0 ? onnx.width : side;
  if (task == arch::Task::segment) {
    const graph::TwoStageProgram network =
        graph::lower_two_stage(model.architecture, lower_options(model, height, width));
    graph::check_weights(graph::parameters_of_all(graph::programs_of(network)), model.file.weights, options.model);
    return formats::make_segmenter_onnx(network, model.file, onnx);
  }
  const graph::Program program = lowered(model, task, height, width);
  graph::check_weights(program, model.file.weights, options.model);
  return formats::make_onnx(program, model.file, onnx);
}

Json to_json(const ExportOptions& options, const formats::OnnxOptions& onnx, const formats::OnnxFile& file,
             const formats::OnnxCheck& check) {
  Json rows = Json::array();
  for (const formats::OnnxCheckRow& row : check.rows) rows.push_back({{"what", row.what}, {"error", row.error}});
  Json outputs = Json::array();
  for (const formats::OnnxValue& output : file.outputs) outputs.push_back(output.name);
  Json json{{"file", options.onnx},
            {"form", name_of(onnx.form)},
            {"batch", onnx.batch > 0 ? Json(onnx.batch) : Json("any")},
            {"height", onnx.height > 0 ? Json(onnx.height) : Json("any")},
            {"width", onnx.width > 0 ? Json(onnx.width) : Json("any")},
            {"outputs", outputs},
            {"nodes", file.nodes.size()},
            {"bytes", std::filesystem::file_size(options.onnx)},
            {"error", formats::worst(check).error},
            {"limit", check.limit},
            {"checks", rows}};
  return json;
}

std::string to_table(const ExportOptions& options, const formats::OnnxOptions& onnx, const formats::OnnxFile& file,
                     const formats::OnnxCheck& check) {
  std::vector<std::vector<std::string>> rows{{"checked against the model", "relative error"}};
  for (const formats::OnnxCheckRow& row : check.rows) rows.push_back({row.what, fmt::format("{:.1e}", row.error)});
  return fmt::format("{}: {} nodes, {}B, form {}\n{}", options.onnx, file.nodes.size(),
                     short_count(static_cast<int64_t>(std::filesystem::file_size(options.onnx))), name_of(onnx.form),
                     table_text(rows));
}

int run_export(const ExportOptions& options, const CommonOptions& common) {
  require_folder_of(options.onnx);
  const runtime::Model model = runtime::open_model(options.model);
  const arch::Task task = arch::task_named(model.file.task);
  const formats::OnnxOptions onnx = onnx_options(options, model, task);
  const formats::OnnxFile file = make_file(options, model, task, onnx);
  log_info("checking the file against the model ...");
  const formats::OnnxCheck check =
      formats::export_onnx(options.onnx, file, check_options(onnx, model, task, options.limit, threads_of(common)));
  if (common.json) {
    print_json(to_json(options, onnx, file, check));
  } else {
    print(to_table(options, onnx, file, check));
  }
  return 0;
}

void add_options(CLI::App& verb, ExportOptions& options) {
  verb.add_option("MODEL", options.model, "A model (.safetensors)")->required()->type_name("");
  verb.add_option("--onnx", options.onnx, "Write this ONNX file")->required()->type_name("FILE");
  verb.add_option(
          "--form", options.form,
          "raw (outputs of the network), boxes (of all anchors) or detections (after suppression, the default);\n"
          "of a classifier raw or scores (the default); of a model that segments detections")
      ->type_name("FORM");
  verb.add_option("--batch", options.batch,
                  "Pictures in a run: a number, or any (the default); of a model that segments 1")
      ->type_name("N");
  verb.add_option("--size", options.size, "Input size: N, HEIGHTxWIDTH, or any; the model's own if not given")
      ->type_name("SIZE");
  verb.add_option("--threshold", options.post.score_threshold, "Least score of a detection")
      ->check(within(0.0, 1.0))
      ->type_name("S")
      ->capture_default_str();
  verb.add_option("--iou", options.post.iou, "Boxes of a class that overlap by more suppress each other")
      ->check(within(0.0, 1.0))
      ->type_name("T")
      ->capture_default_str();
  verb.add_option("--max", options.post.max_detections, "Most detections in a picture")
      ->check(within(1, 100000))
      ->type_name("N")
      ->capture_default_str();
  verb.add_option("--pre-nms", options.post.pre_nms, "Most candidates that enter the suppression")
      ->check(within(1, 1000000))
      ->type_name("N")
      ->capture_default_str();
  verb.add_option("--limit", options.limit, "Largest relative error at which the file is kept")
      ->check(within(0.0, 1.0))
      ->type_name("E")
      ->capture_default_str();
}

}  // namespace

void add_export(CLI::App& app, Invocation& invocation) {
  const auto options = std::make_shared<ExportOptions>();
  CLI::App& verb = *app.add_subcommand("export", "Write a model as an ONNX file, checked against the model");
  add_options(verb, *options);
  add_json_flag(verb, invocation.common);
  add_common_flags(verb, invocation.common);
  verb.footer(
      "Examples:\n  spinenet export best.safetensors --onnx best.onnx\n"
      "  spinenet export best.safetensors --onnx raw.onnx --form raw --size any\n"
      "  spinenet export best.safetensors --onnx fixed.onnx --batch 1 --size 640x512 --threshold 0.3\n\n"
      "A file that differs from the model by more than the limit is not written, and the exit status is 1.\n"
      "docs/export.md tells how to run the file.");
  verb.callback([&invocation, options] {
    invocation.run = [&invocation, options] { return run_export(*options, invocation.common); };
  });
}

}  // namespace spinenet::cli
