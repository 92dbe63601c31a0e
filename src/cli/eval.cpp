// spinenet eval: COCO numbers of a detector on pictures or of a results file, accuracy of a classifier.
#include <memory>
#include <optional>

#include "arch/task.h"
#include "base/enum_names.h"
#include "base/error.h"
#include "base/files.h"
#include "base/format.h"
#include "base/log.h"
#include "cli/command.h"
#include "cli/eval_classes.h"
#include "cli/metrics_text.h"
#include "cli/model.h"
#include "cli/output.h"
#include "cli/precision.h"
#include "cli/run_detector.h"
#include "data/coco/coco.h"
#include "eval/coco_ap.h"
#include "eval/metrics_json.h"

namespace spinenet::cli {
namespace {

struct EvalOptions {
  std::string model;
  std::string annotations, images, results, save_results;
  std::string iou;
  std::string group_key = "supercategory";
  std::string device = "auto", precision = "fp32";
  ChooseOptions choose;
  int size = 0;
  int batch = 1;
};

void require(bool holds, std::string_view what) {
  if (!holds) fail(ErrorKind::usage, what, "", "see spinenet eval --help");
}

eval::IouType iou_type(const std::string& name) {
  return parse_enum<eval::IouType>(ErrorKind::usage, "IoU type", name, "--iou");
}

// The classes of the model must be those of the annotations, or the ids would mean something else.
void check_classes(const runtime::Model& model, const detect::Annotations& annotations) {
  std::vector<detect::Category> classes;
  for (const formats::ModelClass& c : model.file.classes) classes.push_back({c.id, c.name, ""});
  data::check_same_classes(classes, annotations.categories);
}

RunOptions run_options(const EvalOptions& options, const CommonOptions& common) {
  RunOptions run;
  run.image_size = options.size;
  run.threads = threads_of(common);
  run.device = options.device;
  run.precision = precision_named(options.precision);
  run.choose = options.choose;
  return run;
}

std::vector<detect::Result> results_of_model(const runtime::Model& model, const EvalOptions& options,
                                             const CommonOptions& common, const detect::Annotations& annotations) {
  check_classes(model, annotations);
  const RunOptions run = run_options(options, common);
  return detect_images_of(
      annotations, options.images, make_object_finder(model, run),
      {.classes = model.file.classes, .batch = options.batch, .threads = run.threads, .progress = progress_of(common)});
}

int eval_classifier(const runtime::Model& model, const EvalOptions& options, const CommonOptions& common) {
  require(options.save_results.empty(), "--save-results is for detectors");
  const ClassesEvaluation evaluation = evaluate_classes(model, {.annotations = options.annotations,
                                                                .images = options.images,
                                                                .group_key = options.group_key,
                                                                .batch = options.batch,
                                                                .run = run_options(options, common),
                                                                .progress = progress_of(common)});
  if (common.json) {
    print_json(to_json(evaluation.metrics));
  } else {
    print(to_table(evaluation.metrics));
  }
  return 0;
}

// What is measured: what was asked for, else masks and boxes of a model that gives both, else boxes.
std::vector<eval::IouType> iou_types(const EvalOptions& options, bool masks) {
  if (!options.iou.empty()) return {iou_type(options.iou)};
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
int eval_objects(const std::optional<runtime::Model>& model, const EvalOptions& options, const CommonOptions& common) {
  const bool masks = model && model->file.task == name_of(arch::Task::segment);
  const std::vector<eval::IouType> types = iou_types(options, masks);
  require(!options.annotations.empty(), "--annotations is missing: what is to be found");
  require(!model || masks || types.front() == eval::IouType::bbox, "a detector gives boxes: use --iou bbox");
  data::CocoReadOptions read;
  read.segmentations = types.front() == eval::IouType::segm;
  const detect::Annotations annotations = data::read_coco(options.annotations, read);
  if (read.segmentations) eval::require_masks(annotations, options.annotations);
  const std::vector<detect::Result> results =
      model ? results_of_model(*model, options, common, annotations) : data::read_results(options.results, annotations);
  if (!options.save_results.empty()) {
    write_file_atomic(options.save_results, data::results_to_text(results));
    log_info(fmt::format("results: {}", options.save_results));
  }
  std::vector<eval::CocoEvaluation> evaluations;
  for (const eval::IouType type : types) {
    eval::CocoEvalOptions evaluate;
    evaluate.iou = type;
    evaluate.threads = threads_of(common);
    evaluations.push_back(eval::evaluate_coco(annotations, results, evaluate));
  }
  print_evaluations(evaluations, annotations, common.json);
  return 0;
}

int run_eval(const EvalOptions& options, const CommonOptions& common) {
  if (!options.iou.empty()) iou_type(options.iou);
  require(options.model.empty() != options.results.empty(), "give a MODEL or --results, one of the two");
  require(options.model.empty() || !options.images.empty(), "--images is missing: the folder of the pictures");
  if (options.model.empty()) return eval_objects(std::nullopt, options, common);
  const runtime::Model model = runtime::open_model(options.model);
  return model.file.task == name_of(arch::Task::classify) ? eval_classifier(model, options, common)
                                                          : eval_objects(model, options, common);
}

void add_options(CLI::App& verb, EvalOptions& options) {
  verb.add_option("MODEL", options.model, "A model (.safetensors); without one give --results")->type_name("");
  verb.add_option("--annotations", options.annotations,
                  "Annotations in COCO JSON; of a classifier's pictures in iNaturalist-style JSON, or none where each "
                  "class is a subfolder of --images")
      ->type_name("FILE");
  verb.add_option("--images", options.images, "Folder of the pictures, or of the files of Fashion-MNIST, for a MODEL")
      ->type_name("DIR");
  verb.add_option("--group-key", options.group_key,
                  "For a classifier: the key of a category in the annotations that groups it with others")
      ->type_name("KEY")
      ->capture_default_str();
  verb.add_option("--results", options.results, "Results in COCO JSON, instead of a MODEL")->type_name("FILE");
  verb.add_option("--iou", options.iou, "What overlaps: bbox or segm; both of a MODEL with masks, else bbox")
      ->type_name("TYPE");
  verb.add_option("--size", options.size, "Image size; the model's own if not given")
      ->check(within(1, 65536))
      ->type_name("N");
  verb.add_option("--batch", options.batch, "Pictures read and handed to the network at a time")
      ->check(within(1, 1024))
      ->type_name("N")
      ->capture_default_str();
  verb.add_option("--device", options.device, "cpu, cuda, cuda:N or auto")->type_name("NAME")->capture_default_str();
  add_choose_options(verb, options.choose);
  verb.add_option("--precision", options.precision, "fp32, bf16, or int8 of a calibrated model")
      ->type_name("NAME")
      ->capture_default_str();
  verb.add_option("--save-results", options.save_results, "Also write the results, in COCO JSON")->type_name("FILE");
}

}  // namespace

void add_eval(CLI::App& app, Invocation& invocation) {
  const auto options = std::make_shared<EvalOptions>();
  CLI::App& verb = *app.add_subcommand("eval", "Measure a detector or its results as COCO does, or a classifier");
  add_options(verb, *options);
  add_json_flag(verb, invocation.common);
  add_common_flags(verb, invocation.common);
  verb.footer(
      "Examples:\n  spinenet eval best.safetensors --annotations val.json --images val/\n"
      "  spinenet eval --annotations val.json --results results.json --iou segm --json\n"
      "  spinenet eval classifier.safetensors --images val/ --json");
  verb.callback([&invocation, options] {
    invocation.run = [&invocation, options] { return run_eval(*options, invocation.common); };
  });
}

}  // namespace spinenet::cli
