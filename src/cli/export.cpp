// spinenet export: a model as an ONNX file, checked against the model before it is kept.
#include <memory>

#include "base/format.h"
#include "base/log.h"
#include "cli/command.h"
#include "cli/output.h"
#include "runtime/export_onnx.h"
#include "runtime/export_request.h"

namespace spinenet::cli {
namespace {

struct ExportFlags {
  std::string model, onnx;
  runtime::ExportRequest request;
  double limit = runtime::ExportOptions().limit;
  bool overwrite = false;
};

int run_export(const ExportFlags& flags, const Invocation& invocation) {
  const CommonOptions& common = invocation.common;
  RunFiles files = invocation.files;
  const Output output = files.output({flags.onnx, "export --onnx", flags.overwrite});
  const runtime::Model model = runtime::open_model(flags.model);
  const formats::OnnxOptions onnx = onnx_options(flags.request, model, SPINENET_VERSION);
  log_info("checking the file against the model ...");
  const runtime::Export made = export_model(model, output, {onnx, flags.limit, threads_of(common)});
  print_result(common, to_json(made, onnx, flags.onnx), to_table(made, onnx, flags.onnx));
  return 0;
}

void add_options(CLI::App& verb, ExportFlags& flags, PathTable& paths) {
  paths.add_model(verb, verb.add_option("MODEL", flags.model, kModelText)->required()->type_name(""), flags.model);
  paths.add(verb, verb.add_option("--onnx", flags.onnx, "Write this ONNX file")->required()->type_name("FILE"),
            PathRole::output);
  add_overwrite_flag(verb, flags.overwrite);
  verb.add_option("--form", flags.request.form,
                  "raw (outputs of the network), boxes (of all anchors) or detections (after suppression); of a "
                  "classifier raw or "
                  "scores; of a model that segments detections alone")
      ->type_name("FORM")
      ->default_str("detections, of a classifier scores");
  verb.add_option("--batch", flags.request.batch, "Images in a run: a number, or any; of a model that segments 1 alone")
      ->type_name("N")
      ->default_str("any");
  verb.add_option("--size", flags.request.size, "Input size: N, HEIGHTxWIDTH, or any")
      ->type_name("SIZE")
      ->default_str("the model's own");
  verb.add_option("--threshold", flags.request.post.score_threshold, "Minimum score of a detection")
      ->check(within(0.0, 1.0))
      ->type_name("S")
      ->capture_default_str();
  verb.add_option("--iou", flags.request.post.iou, "Boxes of a class that overlap by more suppress each other")
      ->check(within(0.0, 1.0))
      ->type_name("T")
      ->capture_default_str();
  verb.add_option("--max", flags.request.post.max_detections, "Maximum number of detections per image")
      ->check(within(1, 100000))
      ->type_name("N")
      ->capture_default_str();
  verb.add_option("--pre-nms", flags.request.post.pre_nms, "Maximum number of candidates that enter the suppression")
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
      "Examples:\n  spinenet export runs/easy --onnx easy.onnx\n"
      "  spinenet export best.safetensors --onnx raw.onnx --form raw --size any\n"
      "  spinenet export best.safetensors --onnx fixed.onnx --batch 1 --size 640x512 --threshold 0.3\n\n"
      "A file that differs from the model by more than the limit is not written, and the exit status is 1.\n"
      "docs/export.md tells how to run the file.");
  verb.callback(
      [&invocation, options] { invocation.run = [&invocation, options] { return run_export(*options, invocation); }; });
}

}  // namespace spinenet::cli
