// spinenet calibrate: a model that can compute in int8, by the values of its maps on images like those it is for.
#include <algorithm>
#include <iterator>
#include <memory>
#include <optional>

#include "arch/task.h"
#include "base/enum_names.h"
#include "base/error.h"
#include "base/format.h"
#include "base/progress.h"
#include "base/score_text.h"
#include "base/text_table.h"
#include "cli/command.h"
#include "image/named_images.h"
#include "runtime/calibrate_model.h"
#include "runtime/measure_precisions.h"
#include "runtime/precision_facts.h"

namespace spinenet::cli {
namespace {

struct CalibrateFlags {
  std::string model, out, annotations;
  std::vector<std::string> inputs;
  bool overwrite = false;
  int most = 200;
  double layer_error = engine::CalibrateOptions().layer_error, output_error = engine::CalibrateOptions().output_error;
};

// At most so many, spread over all.
std::vector<std::string> spread(const std::vector<std::string>& files, int most) {
  const size_t count = std::min(files.size(), static_cast<size_t>(most));
  std::vector<std::string> chosen;
  for (size_t i = 0; i < count; ++i) chosen.push_back(files[i * files.size() / count]);
  return chosen;
}

std::vector<std::vector<std::string>> format_rows(const runtime::PrecisionFacts& facts) {
  std::vector<std::vector<std::string>> rows;
  for (const engine::Precision precision : values_of<engine::Precision>()) {
    const auto error = facts.output_error.find(precision);
    if (error == facts.output_error.end()) continue;
    std::string text = fmt::format("differs by {:.3f} of an output's standard deviation", error->second);
    if (facts.ap.contains(precision)) {
      text += fmt::format(", AP {} for {} of fp32", score_text(facts.ap.at(precision)),
                          score_text(facts.ap.at(engine::Precision::fp32)));
    }
    text += is_near_enough(facts, precision) ? "; near enough for auto" : "; too far for auto";
    rows.push_back({std::string(name_of(precision)), text});
  }
  return rows;
}

void print_calibration(const CalibrateFlags& flags, const runtime::Calibrations& found,
                       const runtime::PrecisionFacts& facts, const CommonOptions& common) {
  const int images = found.front().images;
  std::vector<std::string> kept;
  for (const engine::Calibration& of_one : found) kept.insert(kept.end(), of_one.kept.begin(), of_one.kept.end());
  std::vector<std::vector<std::string>> rows{{"model", flags.out}, {"images", fmt::format("{}", images)}};
  std::ranges::move(format_rows(facts), std::back_inserter(rows));
  rows.push_back({"in fp32", kept.empty() ? "none that could be in int8" : fmt::format("{}", fmt::join(kept, ", "))});
  print_result(common,
               {{"file", flags.out},
                {"images", images},
                {"pictures", images},  // its name up to 0.2
                {"output_error", facts.output_error.at(engine::Precision::int8)},
                {"kept_in_fp32", kept},
                {"formats", to_json(facts)}},
               table_text(rows));
}

void refuse_classifier(const runtime::Model& model) {
  if (model.file.task != name_of(arch::Task::classify)) return;
  fail(ErrorKind::usage,
       fmt::format("AP is of a model that detects or segments, and this one does \"{}\"", model.file.task),
       "--annotations", "leave it out");
}

int run_calibrate(const CalibrateFlags& flags, const Invocation& invocation) {
  const CommonOptions& common = invocation.common;
  const std::vector<std::string> files = spread(image::expand_inputs(flags.inputs), flags.most);
  const Output output = output_beside_inputs(invocation.files, files, {flags.out, "calibrate --out", flags.overwrite});
  runtime::Model model = runtime::open_model(flags.model);
  std::optional<runtime::AnnotatedImages> annotated;
  if (!flags.annotations.empty()) {
    refuse_classifier(model);
    annotated = runtime::annotated_images(model, files, flags.annotations);
  }
  Progress progress("calibrate", 1, progress_of(common));
  engine::CalibrateOptions options;
  options.threads = threads_of(common);
  options.layer_error = flags.layer_error;
  options.output_error = flags.output_error;
  options.progress = [&](int64_t done, int64_t all) {
    progress.set_total(all);
    progress.update(done);
  };
  const runtime::ImageSource images{static_cast<int64_t>(files.size()),
                                    [&](int64_t i) { return image::read_input(files[static_cast<size_t>(i)]); }};
  const std::vector<engine::CalibrationImages> inputs = network_inputs(model, images, options);
  const runtime::Calibrations found = runtime::calibrate_model(model, inputs, options);
  runtime::set_calibrations(model.file, found);
  const runtime::PrecisionFacts facts = measure_precisions(model, inputs, annotated, options.threads);
  set_precision_facts(model.file, facts);
  formats::write_model(output, model.file);
  print_calibration(flags, found, facts, common);
  return 0;
}

}  // namespace

void add_calibrate(CLI::App& app, Invocation& invocation) {
  const auto options = std::make_shared<CalibrateFlags>();
  CLI::App& verb = *app.add_subcommand("calibrate", "Make a model that can compute in int8, from images like yours");
  PathTable& paths = invocation.paths;
  paths.add_model(verb, verb.add_option("MODEL", options->model, std::string(kModelText))->required()->type_name(""),
                  options->model);
  paths.add(
      verb,
      verb.add_option("INPUT", options->inputs, "Images, folders, or patterns such as 'a/*.jpg'; no annotations needed")
          ->required()
          ->type_name(""),
      PathRole::input, "an image");
  paths.add(verb,
            verb.add_option("--out", options->out, "Write the model with its calibration to this file")
                ->required()
                ->type_name("FILE"),
            PathRole::output);
  add_overwrite_flag(verb, options->overwrite);
  paths.add(verb,
            verb.add_option("--annotations", options->annotations,
                            "Also measure the AP of each number format on the images that this COCO file lists")
                ->type_name("FILE"),
            PathRole::input, "the annotations");
  verb.add_option("--most", options->most, "Use at most this many of the images")
      ->check(within(1, 1000000))
      ->type_name("N")
      ->capture_default_str();
  verb.add_option("--layer-error", options->layer_error,
                  "A convolution whose sums int8 changes by a larger share stays in fp32")
      ->check(within(0.0, 1e9))
      ->type_name("E")
      ->capture_default_str();
  verb.add_option("--output-error", options->output_error,
                  "More convolutions stay in fp32 until outputs differ by at most this share of their deviation")
      ->check(within(0.0, 1e9))
      ->type_name("E")
      ->capture_default_str();
  add_json_flag(verb, invocation.common);
  add_common_flags(verb, invocation.common);
  verb.footer(
      "Examples:\n  spinenet calibrate best.safetensors train/ --out best-int8.safetensors\n"
      "  spinenet eval best-int8.safetensors --precision int8 --annotations val.json --images val/\n\n"
      "The new file is the old model and a calibration: without --precision int8 it runs as before. --precision auto\n"
      "takes the fastest format that was found near enough to fp32.");
  verb.callback([&invocation, options] {
    invocation.run = [&invocation, options] { return run_calibrate(*options, invocation); };
  });
}

}  // namespace spinenet::cli
