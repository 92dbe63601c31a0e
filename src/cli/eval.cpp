// spinenet eval: COCO numbers of a detector on images or of a results file, accuracy of a classifier.
#include <algorithm>
#include <memory>
#include <optional>

#include "arch/task.h"
#include "base/enum_names.h"
#include "base/error.h"
#include "base/format.h"
#include "base/log.h"
#include "cli/command.h"
#include "cli/output.h"
#include "cli/run_flags.h"
#include "data/coco/coco.h"
#include "eval/coco_ap.h"
#include "eval/detection_limit.h"
#include "eval/metrics_json.h"
#include "eval/metrics_text.h"
#include "runtime/detect_function.h"
#include "runtime/detect_images.h"
#include "runtime/evaluate_classes.h"

namespace spinenet::cli {
namespace {

struct EvalFlags {
  std::string model;
  std::string annotations, images, results, save_results;
  std::string iou;
  std::string group_key = "supercategory";
  bool overwrite = false, class_agnostic = false;
  int batch = 1;
  std::optional<int> max_detections, max_per_class;
  RunFlags run;
};

constexpr int kCocoMaxDetections = 100;

int most_detections(const EvalFlags& flags) {
  return flags.max_detections.value_or(kCocoMaxDetections);
}

void require(bool holds, std::string_view what) {
  if (!holds) fail(ErrorKind::usage, what, "", "see spinenet eval --help");
}

eval::IouType iou_type(const std::string& name) {
  return parse_enum<eval::IouType>(ErrorKind::usage, "IoU type", name, "--iou");
}

std::vector<detect::Result> results_of_model(runtime::Model model, const EvalFlags& flags, const Invocation& invocation,
                                             const detect::Annotations& annotations) {
  runtime::check_classes(model, annotations);
  const runtime::RunOptions options = run_options(flags.run, invocation);
  const runtime::PreparedModel prepared = runtime::prepare(std::move(model), options);
  detect::PostprocessOptions post = runtime::usual_postprocess(prepared.model.architecture);
  post.max_detections = most_detections(flags);
  post.pre_nms = std::max(post.pre_nms, post.max_detections);
  post.max_per_class = flags.max_per_class.value_or(post.max_per_class);
  return runtime::detect_images_of(annotations, flags.images, runtime::make_detect_function(prepared, post),
                                   {.classes = prepared.model.file.classes,
                                    .batch = flags.batch,
                                    .threads = options.threads,
                                    .progress = progress_of(invocation.common)});
}

int eval_classifier(runtime::Model model, const EvalFlags& flags, const Invocation& invocation) {
  require(flags.save_results.empty(), "--save-results is for detectors");
  require(!flags.max_detections && !flags.max_per_class, "--max-detections and --max-per-class are for detectors");
  require(!flags.class_agnostic, "--class-agnostic is for detectors");
  const runtime::RunOptions options = run_options(flags.run, invocation);
  const auto evaluation =
      evaluate_classes(runtime::prepare(std::move(model), options), {.annotations = flags.annotations,
                                                                     .images = flags.images,
                                                                     .group_key = flags.group_key,
                                                                     .batch = flags.batch,
                                                                     .threads = options.threads,
                                                                     .progress = progress_of(invocation.common)});
  print_result(invocation.common, to_json(evaluation.metrics), to_table(evaluation.metrics));
  return 0;
}

// What is measured: what was asked for, else masks and boxes of a model that gives both, else boxes.
std::vector<eval::IouType> iou_types(const EvalFlags& flags, bool masks) {
  if (!flags.iou.empty()) return {iou_type(flags.iou)};
  return masks ? std::vector<eval::IouType>{eval::IouType::segm, eval::IouType::bbox}
               : std::vector<eval::IouType>{eval::IouType::bbox};
}

// The numbers of the first kind, those of the second under its name.
void print_evaluations(std::span<const eval::CocoEvaluation> evaluations, const detect::Annotations& annotations,
                       bool as_json) {
  if (as_json) {
    Json json = to_json(evaluations[0], annotations);
    if (evaluations.size() > 1) json["bbox"] = to_json(evaluations[1], annotations);
    print_json(json);
    return;
  }
  if (evaluations.size() > 1) print("masks\n");
  print(to_table(evaluations[0].metrics));
  if (evaluations.size() > 1) print("\nboxes\n" + to_table(evaluations[1].metrics));
}

// Of a detector, or of results without one.
int eval_objects(std::optional<runtime::Model> model, const EvalFlags& flags, const std::optional<Output>& saved,
                 const Invocation& invocation) {
  const bool of_model = model.has_value();
  const bool masks = of_model && model->file.task == name_of(arch::Task::segment);
  const std::vector<eval::IouType> types = iou_types(flags, masks);
  require(!flags.annotations.empty(), "--annotations is missing: what is to be found");
  require(!model || masks || types.front() == eval::IouType::bbox, "a detector gives boxes: use --iou bbox");
  data::CocoReadOptions read;
  read.segmentations = types.front() == eval::IouType::segm;
  read.pieces.threads = threads_of(invocation.common);
  auto [annotations, results] = model ? data::TruthAndResults{data::read_coco(flags.annotations, read), {}}
                                      : data::read_truth_and_results(flags.annotations, read, flags.results);
  if (read.segmentations) eval::require_masks(annotations, flags.annotations);
  if (of_model) results = results_of_model(*std::move(model), flags, invocation, annotations);
  if (saved) {
    saved->write(data::results_to_text(results));
    log_info(fmt::format("results: {}", flags.save_results));
  }
  const int most = most_detections(flags);
  eval::BeyondLimit beyond = eval::beyond_limit(annotations, results, most, !flags.class_agnostic);
  if (of_model) eval::add_crowded_images(annotations, most, beyond);
  const std::string uncounted = to_text(beyond, most);
  if (!uncounted.empty()) log_warning(fmt::format("{}: {}", flags.annotations, uncounted));
  std::vector<eval::CocoEvaluation> evaluations;
  for (const eval::IouType type : types) {
    eval::CocoEvalOptions evaluate;
    evaluate.iou = type;
    evaluate.use_categories = !flags.class_agnostic;
    evaluate.threads = threads_of(invocation.common);
    evaluate.max_detections = {std::min(1, most), std::min(10, most), most};
    evaluations.push_back(eval::evaluate_coco(annotations, results, evaluate));
  }
  print_evaluations(evaluations, annotations, invocation.common.json);
  return 0;
}

int run_eval(const EvalFlags& flags, const Invocation& invocation) {
  if (!flags.iou.empty()) iou_type(flags.iou);
  require(flags.model.empty() != flags.results.empty(), "give a MODEL or --results, one of the two");
  require(!flags.max_per_class || !flags.model.empty(), "--max-per-class limits what a MODEL gives");
  require(flags.model.empty() || !flags.images.empty(), "--images is missing: the folder of the images");
  RunFiles files = invocation.files;
  const std::optional<Output> saved =
      output_if_named(files, {flags.save_results, "eval --save-results", flags.overwrite});
  if (flags.model.empty()) return eval_objects(std::nullopt, flags, saved, invocation);
  runtime::Model model = runtime::open_stored_model(flags.model);
  warn_if_untrained(model);
  return model.file.task == name_of(arch::Task::classify) ? eval_classifier(std::move(model), flags, invocation)
                                                          : eval_objects(std::move(model), flags, saved, invocation);
}

void add_paths(CLI::App& verb, EvalFlags& flags, PathTable& paths) {
  paths.add_model(
      verb,
      verb.add_option("MODEL", flags.model, fmt::format("{}; without one give --results", kModelText))->type_name(""),
      flags.model);
  paths.add(verb,
            verb.add_option("--annotations", flags.annotations,
                            "Annotations in COCO JSON; of a classifier's images in iNaturalist-style JSON, or none "
                            "where each class is a subfolder of --images")
                ->type_name("FILE"),
            PathRole::input, "the annotations");
  paths.add(
      verb,
      verb.add_option("--images", flags.images, "Folder of the images, or of the files of Fashion-MNIST, for a MODEL")
          ->type_name("DIR"),
      PathRole::input, "the folder of the images");
  paths.add(verb,
            verb.add_option("--results", flags.results, "Results in COCO JSON, instead of a MODEL")->type_name("FILE"),
            PathRole::input, "the results");
  paths.add(
      verb,
      verb.add_option("--save-results", flags.save_results, "Also write the results, in COCO JSON")->type_name("FILE"),
      PathRole::output);
  add_overwrite_flag(verb, flags.overwrite);
}

void add_options(CLI::App& verb, EvalFlags& flags, PathTable& paths) {
  add_paths(verb, flags, paths);
  verb.add_option("--group-key", flags.group_key,
                  "For a classifier: the key of a category in the annotations that groups it with others")
      ->type_name("KEY")
      ->capture_default_str();
  verb.add_option("--iou", flags.iou, "What overlaps: bbox or segm")
      ->type_name("TYPE")
      ->default_str("bbox; both of a MODEL with masks");
  verb.add_flag("--class-agnostic", flags.class_agnostic,
                "Classes do not count: a box may match an object of any class, so how well objects are found");
  verb.add_option("--max-detections", flags.max_detections,
                  "Objects of an image that a MODEL gives at most, and results of each image and category that count")
      ->check(within(1, 100000))
      ->type_name("N")
      ->default_str(fmt::format("{}, as COCO's protocol has it", kCocoMaxDetections));
  verb.add_option("--max-per-class", flags.max_per_class,
                  "Objects of each class of an image that a MODEL gives at most")
      ->check(within(1, 100000))
      ->type_name("N");
  verb.add_option("--batch", flags.batch, "Images read and handed to the network at a time")
      ->check(within(1, 1024))
      ->type_name("N")
      ->capture_default_str();
  add_run_flags(verb, flags.run, paths);
}

}  // namespace

void add_eval(CLI::App& app, Invocation& invocation) {
  const auto options = std::make_shared<EvalFlags>();
  CLI::App& verb = *app.add_subcommand("eval", "Measure a detector or its results as COCO does, or a classifier");
  add_options(verb, *options, invocation.paths);
  add_json_flag(verb, invocation.common);
  add_common_flags(verb, invocation.common);
  verb.footer(
      "Examples:\n  spinenet eval runs/easy --annotations val.json --images val/\n"
      "  spinenet eval --annotations val.json --results results.json --iou segm --json\n"
      "  spinenet eval classifier.safetensors --images val/ --json");
  verb.callback(
      [&invocation, options] { invocation.run = [&invocation, options] { return run_eval(*options, invocation); }; });
}

}  // namespace spinenet::cli
