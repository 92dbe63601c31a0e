// spinenet predict: what is in these images.
#include "runtime/predict.h"

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
#include "image/named_images.h"
#include "runtime/detect_function.h"
#include "runtime/drawn_images.h"
#include "runtime/image_ids.h"

namespace spinenet::cli {
namespace {

constexpr double kObjectThreshold = 0.3;
constexpr int kMostObjects = 100, kMostClasses = 5;

struct PredictFlags {
  std::string model;
  std::vector<std::string> inputs;
  std::string out, json, annotations;
  std::optional<double> threshold;  // else what suits the task
  std::optional<int> max_detections;
  std::optional<int> max_per_class;
  bool overwrite = false;
  RunFlags run;
};

struct Predicted {
  std::vector<runtime::ImagePrediction> done;
  int64_t failed = 0;  // images that could not be read
};

// Goes on after an image that cannot be read, and counts it.
std::optional<image::Image> try_read(const std::string& file, int64_t& failed) {
  try {
    return image::read_input(file);
  } catch (const Error& error) {
    log_warning(error.what());
    ++failed;
    return std::nullopt;
  }
}

// What is shown where no flag says it: objects that are likely enough, and a classifier's best five classes.
detect::PostprocessOptions shown(const PredictFlags& flags, const runtime::Model& model) {
  const bool classes = model.file.task == name_of(arch::Task::classify);
  if (classes && flags.max_per_class) {
    fail(ErrorKind::usage, "--max-per-class is for models that find objects", flags.model, "use --max");
  }
  detect::PostprocessOptions post = runtime::usual_postprocess(model.architecture);
  post.score_threshold = static_cast<float>(flags.threshold.value_or(classes ? 0 : kObjectThreshold));
  post.max_detections = flags.max_detections.value_or(classes ? kMostClasses : kMostObjects);
  post.max_per_class = flags.max_per_class.value_or(post.max_per_class);
  post.pre_nms = std::max(post.pre_nms, post.max_detections);
  return post;
}

Predicted predict_all(const PredictFlags& flags, const std::vector<runtime::NumberedImage>& images,
                      const runtime::PreparedModel& prepared, std::optional<runtime::DrawnImages>& folder,
                      const CommonOptions& common) {
  const runtime::PredictFunction predict = make_predict_function(prepared, shown(flags, prepared.model));
  Progress progress("predict", static_cast<int64_t>(images.size()), progress_of(common));
  Predicted predicted;
  for (size_t i = 0; i < images.size(); ++i) {
    const auto& [file, id] = images[i];
    if (std::optional<image::Image> image = try_read(file, predicted.failed)) {
      predicted.done.push_back({id, file, image->height, image->width, predict(*image)});
      const auto& classes = prepared.model.file.classes;
      if (folder) folder->write(file, draw(*std::move(image), predicted.done.back().found, classes));
    }
    progress.update(static_cast<int64_t>(i) + 1);
  }
  return predicted;
}

int run_predict(const PredictFlags& flags, const Invocation& invocation) {
  const std::vector<std::string> files = image::expand_inputs(flags.inputs);
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
  const runtime::PreparedModel prepared = runtime::prepare(runtime::open_model(flags.model), options);
  const Predicted predicted = predict_all(flags, images, prepared, folder, invocation.common);
  const auto& classes = prepared.model.file.classes;
  if (flags.json == "-") {
    print_json(to_json(predicted.done, classes));
  } else {
    if (json) json->write(to_text(to_json(predicted.done, classes)));
    print(to_table(predicted.done, classes));
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
  verb.add_option("--threshold", flags.threshold,
                  fmt::format("Minimum score of what is shown [{} for objects, 0 for classes]", kObjectThreshold))
      ->check(within(0.0, 1.0))
      ->type_name("S");
  verb.add_option("--max", flags.max_detections,
                  fmt::format("Maximum number of objects, or of classes, per image [{} objects, {} classes]",
                              kMostObjects, kMostClasses))
      ->check(within(1, 100000))
      ->type_name("N");
  verb.add_option("--max-per-class", flags.max_per_class, "Maximum number of objects of each class per image")
      ->check(within(1, 100000))
      ->type_name("N");
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
      "and\n"
      "the exit status is 65. Of a folder JPEG, PNG, WebP, TIFF and BMP files are read, whatever their names; the rest "
      "is\n"
      "counted in one line.");
  verb.callback(
      [&invocation, flags] { invocation.run = [&invocation, flags] { return run_predict(*flags, invocation); }; });
}

}  // namespace spinenet::cli
