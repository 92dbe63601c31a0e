// spinenet export: a model as an ONNX file, checked against the model before it is kept.
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
#include "cli/output.h"
#include "graph/anchors.h"
#include "runtime/export_onnx.h"

namespace spinenet::cli {
namespace {

struct ExportFlags {
  std::string model, onnx;
  std::string form, batch, size;
  detect::PostprocessOptions post;
  double limit = runtime::ExportOptions().limit;
  bool overwrite = false;
};

constexpr int kMaxExtent = 65536;

// The usual one of the task when none is named. One of another task is refused by what makes the file.
formats::OnnxForm form_of(const std::string& name, arch::Task task, arch::HeadKind head) {
  const std::span<const formats::OnnxForm> forms = formats::forms_of(task, head);
  if (name.empty()) return forms.back();
  if (const std::optional<formats::OnnxForm> form = value_named<formats::OnnxForm>(name)) return *form;
  std::vector<std::string_view> known;
  for (const formats::OnnxForm form : forms) known.push_back(name_of(form));
  unknown_name(ErrorKind::usage, "form", name, known);
}

// An integer from 1 to `most`, or 0 when the text is none.
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

// "any", "N" (the input is as predict makes it for that image size) or "HxW".
void set_size(formats::OnnxOptions& onnx, const std::string& text, const runtime::Model& model, arch::Task task) {
  const int multiple = task == arch::Task::classify ? 1 : arch::coarsest_stride(model.architecture);
  if (text == "any") return;
  if (text.empty()) {
    onnx.height = onnx.width = graph::input_size(model.file.image_size, multiple);
    return;
  }
  const size_t cross = text.find('x');
  const int height = positive(text.substr(0, cross), kMaxExtent);
  const int width = cross == std::string::npos ? height : positive(text.substr(cross + 1), kMaxExtent);
  if (height == 0 || width == 0) {
    fail(ErrorKind::usage, fmt::format("--size {}", text), "", "give N, HEIGHTxWIDTH, or any");
  }
  onnx.height = graph::input_size(height, multiple);
  onnx.width = graph::input_size(width, multiple);
  onnx.image_height = height;
  onnx.image_width = width;
  if (cross != std::string::npos && (onnx.height != height || onnx.width != width)) {
    fail(ErrorKind::usage, fmt::format("--size {} is no multiple of {}", text, multiple), "",
         fmt::format("use {}x{}", onnx.height, onnx.width));
  }
}

formats::OnnxOptions onnx_options(const ExportFlags& flags, const runtime::Model& model) {
  const arch::Task task = arch::task_named(model.file.task);
  formats::OnnxOptions onnx;
  onnx.form = form_of(flags.form, task, model.architecture.head_kind);
  onnx.batch = batch_of(flags.batch, task);
  set_size(onnx, flags.size, model, task);
  onnx.post = flags.post;
  onnx.program_version = SPINENET_VERSION;
  return onnx;
}

Json export_json(const ExportFlags& flags, const formats::OnnxOptions& onnx, const runtime::Export& made) {
  Json rows = Json::array();
  for (const formats::OnnxCheckRow& row : made.check.rows) rows.push_back({{"what", row.what}, {"error", row.error}});
  Json outputs = Json::array();
  for (const formats::OnnxValue& output : made.file.outputs) outputs.push_back(output.name);
  Json json{{"file", flags.onnx},
            {"form", name_of(onnx.form)},
            {"batch", onnx.batch > 0 ? Json(onnx.batch) : Json("any")},
            {"height", onnx.height > 0 ? Json(onnx.height) : Json("any")},
            {"width", onnx.width > 0 ? Json(onnx.width) : Json("any")},
            {"outputs", outputs},
            {"nodes", made.file.nodes.size()},
            {"bytes", made.check.bytes},
            {"error", formats::worst(made.check).error},
            {"limit", made.check.limit},
            {"checks", rows}};
  return json;
}

std::string to_table(const ExportFlags& flags, const formats::OnnxOptions& onnx, const runtime::Export& made) {
  std::vector<std::vector<std::string>> rows{{"checked against the model", "relative error"}};
  for (const formats::OnnxCheckRow& row : made.check.rows) rows.push_back({row.what, fmt::format("{:.1e}", row.error)});
  return fmt::format("{}: {} nodes, {}B, form {}\n{}", flags.onnx, made.file.nodes.size(),
                     short_count(made.check.bytes), name_of(onnx.form), table_text(rows));
}

int run_export(const ExportFlags& flags, const Invocation& invocation) {
  const CommonOptions& common = invocation.common;
  RunFiles files = invocation.files;
  const Output output = files.output({flags.onnx, "export --onnx", flags.overwrite});
  const runtime::Model model = runtime::open_model(flags.model);
  const formats::OnnxOptions onnx = onnx_options(flags, model);
  log_info("checking the file against the model ...");
  const runtime::Export made = export_model(model, output, {onnx, flags.limit, threads_of(common)});
  if (common.json) {
    print_json(export_json(flags, onnx, made));
  } else {
    print(to_table(flags, onnx, made));
  }
  return 0;
}

void add_options(CLI::App& verb, ExportFlags& flags, PathTable& paths) {
  paths.add(verb, verb.add_option("MODEL", flags.model, "A model (.safetensors)")->required()->type_name(""),
            PathRole::input, "the model");
  paths.add(verb, verb.add_option("--onnx", flags.onnx, "Write this ONNX file")->required()->type_name("FILE"),
            PathRole::output);
  add_overwrite_flag(verb, flags.overwrite);
  verb.add_option(
          "--form", flags.form,
          "raw (outputs of the network), boxes (of all anchors) or detections (after suppression, the default);\n"
          "of a classifier raw or scores (the default); of a model that segments detections")
      ->type_name("FORM");
  verb.add_option("--batch", flags.batch, "Images in a run: a number, or any (the default); of a model that segments 1")
      ->type_name("N");
  verb.add_option("--size", flags.size, "Input size: N, HEIGHTxWIDTH, or any; the model's own if not given")
      ->type_name("SIZE");
  verb.add_option("--threshold", flags.post.score_threshold, "Minimum score of a detection")
      ->check(within(0.0, 1.0))
      ->type_name("S")
      ->capture_default_str();
  verb.add_option("--iou", flags.post.iou, "Boxes of a class that overlap by more suppress each other")
      ->check(within(0.0, 1.0))
      ->type_name("T")
      ->capture_default_str();
  verb.add_option("--max", flags.post.max_detections, "Maximum number of detections per image")
      ->check(within(1, 100000))
      ->type_name("N")
      ->capture_default_str();
  verb.add_option("--pre-nms", flags.post.pre_nms, "Maximum number of candidates that enter the suppression")
      ->check(within(1, 1000000))
      ->type_name("N")
      ->capture_default_str();
  verb.add_option("--limit", flags.limit, "Largest relative error at which the file is kept")
      ->check(within(0.0, 1.0))
      ->type_name("E")
      ->capture_default_str();
}

}  // namespace

void add_export(CLI::App& app, Invocation& invocation) {
  const auto options = std::make_shared<ExportFlags>();
  CLI::App& verb = *app.add_subcommand("export", "Write a model as an ONNX file, checked against the model");
  add_options(verb, *options, invocation.paths);
  add_json_flag(verb, invocation.common);
  add_common_flags(verb, invocation.common);
  verb.footer(
      "Examples:\n  spinenet export best.safetensors --onnx best.onnx\n"
      "  spinenet export best.safetensors --onnx raw.onnx --form raw --size any\n"
      "  spinenet export best.safetensors --onnx fixed.onnx --batch 1 --size 640x512 --threshold 0.3\n\n"
      "A file that differs from the model by more than the limit is not written, and the exit status is 1.\n"
      "docs/export.md tells how to run the file.");
  verb.callback(
      [&invocation, options] { invocation.run = [&invocation, options] { return run_export(*options, invocation); }; });
}

}  // namespace spinenet::cli
