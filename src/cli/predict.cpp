// spinenet predict: what is in these images.
#include "runtime/predict.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <variant>

#include "arch/task.h"
#include "base/enum_names.h"
#include "base/error.h"
#include "base/format.h"
#include "base/log.h"
#include "base/printable.h"
#include "cli/command.h"
#include "cli/output.h"
#include "cli/run_flags.h"
#include "image/named_images.h"
#include "runtime/class_names.h"
#include "runtime/detect_function.h"
#include "runtime/predict_images.h"

namespace spinenet::cli {
namespace {

struct PredictFlags {
  std::string model;
  std::vector<std::string> inputs;
  std::string out, json, annotations;
  std::optional<double> threshold;  // else what suits the task
  std::optional<int> max_detections;
  std::optional<int> max_per_class;
  std::optional<double> iou;
  std::optional<int> line_width;
  std::optional<std::string> classes, labels;
  bool agnostic_nms = false, no_enlarge = false;
  bool overwrite = false;
  RunFlags run;
};

// What is found where no flag says it is up to the task.
detect::PostprocessOptions found(const PredictFlags& flags, const runtime::Model& model) {
  const bool classes = model.file.task == name_of(arch::Task::classify);
  const std::pair<std::string_view, bool> of_objects[] = {{"--max-per-class", flags.max_per_class.has_value()},
                                                          {"--iou", flags.iou.has_value()},
                                                          {"--agnostic-nms", flags.agnostic_nms},
                                                          {"--line-width", flags.line_width.has_value()}};
  for (const auto& [flag, given] : of_objects) {
    if (!classes || !given) continue;
    fail(ErrorKind::usage, fmt::format("{} is for models that find objects", flag), flags.model, "leave it out");
  }
  detect::PostprocessOptions post =
      runtime::shown_postprocess(model, {flags.threshold, flags.max_detections, flags.max_per_class});
  if (flags.iou) post.iou = static_cast<float>(*flags.iou);
  post.class_agnostic = flags.agnostic_nms;
  if (flags.classes) post.labels = runtime::labels_named(*flags.classes, model.file.classes, "--classes");
  return post;
}

runtime::DrawOptions drawn(const PredictFlags& flags) {
  runtime::DrawOptions options;
  if (flags.labels) {
    options.labels = parse_enum<runtime::LabelContent>(ErrorKind::usage, "kind of labels", *flags.labels, "--labels");
  }
  if ((flags.labels || flags.line_width || flags.no_enlarge) && flags.out.empty()) {
    fail(ErrorKind::usage, "nothing is drawn that --labels, --line-width or --no-enlarge could change", "predict",
         "add --out DIR");
  }
  options.drawing.line_width = flags.line_width.value_or(0);
  options.drawing.enlarge = !flags.no_enlarge;
  return options;
}

bool is_nothing_found(std::span<const runtime::ImagePrediction> predictions) {
  return !predictions.empty() && std::ranges::all_of(predictions, [](const runtime::ImagePrediction& one) {
    const auto* objects = std::get_if<std::vector<detect::Detection>>(&one.found);
    return objects != nullptr && objects->empty();
  });
}

int run_predict(const PredictFlags& flags, const Invocation& invocation) {
  const runtime::DrawOptions draw = drawn(flags);
  const std::vector<std::string> files = image::expand_inputs(flags.inputs);
  runtime::Model model = runtime::open_stored_model(flags.model);
  const detect::PostprocessOptions post = found(flags, model);
  std::optional<Output> json;
  if (!flags.json.empty() && flags.json != "-") {
    json = output_beside_inputs(invocation.files, files, {flags.json, "predict --json", flags.overwrite});
  }
  std::optional<runtime::DrawnImages> folder;
  if (!flags.out.empty()) {
    runtime::refuse_inputs_inside(flags.out, files);
    folder.emplace(flags.out);
  }
  const std::vector<runtime::NumberedImage> images = runtime::numbered(files, flags.annotations);
  const runtime::RunOptions options = run_options(flags.run, invocation);
  warn_if_untrained(model);
  const runtime::PreparedModel prepared = runtime::prepare(std::move(model), options);
  const auto predicted =
      runtime::predict_images(prepared, images, folder, {post, draw, progress_of(invocation.common)});
  const auto& classes = prepared.model.file.classes;
  if (flags.json == "-") {
    print_json(to_json(predicted.done, classes));
  } else {
    if (json) json->write(to_text(to_json(predicted.done, classes)));
    print(to_table(predicted.done, classes));
  }
  if (folder) log_info(fmt::format("drawn images: {}", printable(flags.out)));
  if (is_nothing_found(predicted.done)) {
    log_info(fmt::format("no object has a score of {:.3g}: a lower --threshold shows less certain ones",
                         post.score_threshold));
  }
  if (predicted.failed > 0) {
    fail(ErrorKind::bad_data, fmt::format("{} of {} images could not be read", predicted.failed, images.size()),
         "predict", "see the warnings above; the others are done");
  }
  return 0;
}

void add_paths(CLI::App& verb, PredictFlags& flags, PathTable& paths) {
  paths.add_model(verb, verb.add_option("MODEL", flags.model, kModelText)->required()->type_name(""), flags.model);
  paths.add(
      verb,
      verb.add_option("INPUT", flags.inputs, "Images, folders, patterns such as 'a/*.jpg', or - for standard input")
          ->required()
          ->type_name(""),
      PathRole::input, "an image");
  paths.add(
      verb,
      verb.add_option("--out", flags.out, "Write the images with what was found to this folder")->type_name("DIR"),
      PathRole::owned_folder);
  paths.add(verb,
            verb.add_option("--json", flags.json,
                            "Write the results as JSON (COCO's for boxes) to this file; to standard output where no "
                            "FILE.json follows")
                ->type_name("FILE"),
            PathRole::output);
  add_overwrite_flag(verb, flags.overwrite);
  paths.add(verb,
            verb.add_option("--annotations", flags.annotations, "Take image ids from this COCO file, by file name")
                ->type_name("FILE"),
            PathRole::input, "the annotations");
}

void add_options(CLI::App& verb, PredictFlags& flags, PathTable& paths) {
  add_paths(verb, flags, paths);
  verb.add_option("--threshold", flags.threshold, "Minimum score of what is shown")
      ->check(within(0.0, 1.0))
      ->type_name("S")
      ->default_str(fmt::format("{} for objects, 0 for classes", runtime::kObjectThreshold));
  verb.add_option("--max", flags.max_detections, "Maximum number of objects, or of classes, per image")
      ->check(within(1, runtime::kMostShown))
      ->type_name("N")
      ->default_str(fmt::format("{} objects, {} classes", runtime::kMostObjects, runtime::kMostClasses));
  verb.add_option("--max-per-class", flags.max_per_class, "Maximum number of objects of each class per image")
      ->check(within(1, runtime::kMostShown))
      ->type_name("N");
  verb.add_option("--classes", flags.classes, "Find these classes alone, by their names in the model: cat,dog")
      ->type_name("NAMES");
  verb.add_option("--iou", flags.iou, "Of boxes of one class that overlap by more than this, the best is kept")
      ->check(within(0.0, 1.0))
      ->type_name("T")
      ->default_str("0.5, of a YOLO head 0.6");
  verb.add_flag("--agnostic-nms", flags.agnostic_nms, "Let boxes of different classes suppress each other, too");
  verb.add_option("--labels", flags.labels, "Drawn beside each object: none, names, or scores (behind names)")
      ->type_name("LABELS")
      ->default_str("scores");
  verb.add_option("--line-width", flags.line_width, "Of drawn boxes and edges of masks, in pixels")
      ->check(within(1, 100))
      ->type_name("N")
      ->default_str("by the image's size");
  verb.add_flag("--no-enlarge", flags.no_enlarge,
                fmt::format("Draw small images at their size; else those of less than {} pixels on the longer side "
                            "by a whole factor larger",
                            image::kLeastSide));
  add_run_flags(verb, flags.run, paths);
}

}  // namespace

void add_predict(CLI::App& app, Invocation& invocation) {
  const auto flags = std::make_shared<PredictFlags>();
  CLI::App& verb = *app.add_subcommand("predict", "Find objects in images, or the class of each");
  add_options(verb, *flags, invocation.paths);
  add_common_flags(verb, invocation.common);
  verb.footer(
      "Examples:\n  spinenet predict runs/easy photo.jpg --out drawn\n"
      "  spinenet predict best.safetensors holiday/ --threshold 0.5 --json found.json\n"
      "  cat photo.jpg | spinenet predict best.safetensors - --json\n\n"
      "Boxes are in pixels of the upright image. An image that cannot be read is reported, the others are done, "
      "and the exit status is 65. Of a folder JPEG, PNG, WebP, TIFF and BMP files are read, whatever their names; the "
      "rest is counted in one line.");
  verb.callback(
      [&invocation, flags] { invocation.run = [&invocation, flags] { return run_predict(*flags, invocation); }; });
}

}  // namespace spinenet::cli
