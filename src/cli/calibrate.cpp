// spinenet calibrate: a model that can compute in int8, by what its maps hold on pictures like those it is for.
#include "engine/quantize/calibrate.h"

#include <algorithm>
#include <memory>

#include "arch/task.h"
#include "base/format.h"
#include "base/progress.h"
#include "cli/command.h"
#include "cli/inputs.h"
#include "cli/output.h"
#include "cli/precision.h"
#include "graph/weights.h"
#include "image/center_crop.h"
#include "runtime/input.h"
#include "runtime/networks.h"
#include "runtime/object_finder.h"

namespace spinenet::cli {
namespace {

struct CalibrateVerbOptions {
  std::string model, out;
  std::vector<std::string> inputs;
  int most = 200;
  double layer_error = engine::CalibrateOptions().layer_error, output_error = engine::CalibrateOptions().output_error;
};

// As predict makes it, for a network of this size.
std::vector<float> input_of(const runtime::Model& model, int64_t side, const image::Image& image) {
  const image::Normalization normalization{model.file.mean, model.file.std};
  const int extent = static_cast<int>(side);
  if (arch::task_named(model.file.task) == arch::Task::detect) {
    return runtime::make_input({&image, 1}, {model.file.image_size, extent}, normalization).pixels.data;
  }
  std::vector<float> pixels(size_t{3} * static_cast<size_t>(side) * static_cast<size_t>(side));
  image::normalize(image::center_crop(image, extent, runtime::center_crop_of(model)), normalization, pixels);
  return pixels;
}

// At most so many, spread over all.
std::vector<std::string> spread(const std::vector<std::string>& files, int most) {
  const size_t count = std::min(files.size(), static_cast<size_t>(most));
  std::vector<std::string> chosen;
  for (size_t i = 0; i < count; ++i) chosen.push_back(files[i * files.size() / count]);
  return chosen;
}

void print_result(const CalibrateVerbOptions& options, const engine::Calibration& found, bool json) {
  if (json) {
    print_json({{"file", options.out},
                {"pictures", found.pictures},
                {"output_error", found.error},
                {"kept_in_fp32", found.kept}});
    return;
  }
  print(table_text({{"model", options.out},
                    {"pictures", fmt::format("{}", found.pictures)},
                    {"error", fmt::format("{:.3f} of an output's standard deviation, int8 against fp32", found.error)},
                    {"in fp32", found.kept.empty() ? "none that could be in int8"
                                                   : fmt::format("{}", fmt::join(found.kept, ", "))}}));
}

int run_calibrate(const CalibrateVerbOptions& options, const CommonOptions& common) {
  require_folder_of(options.out);
  const std::vector<std::string> files = spread(expand_inputs(options.inputs), options.most);
  runtime::Model model = runtime::open_model(options.model);
  refuse_two_stages(model);
  const graph::Program program = runtime::networks_of(model).front();
  const int64_t side = program.values.front().height;
  Progress progress("calibrate", 1, progress_of(common));
  engine::CalibrateOptions calibrate_options;
  calibrate_options.threads = threads_of(common);
  calibrate_options.layer_error = options.layer_error;
  calibrate_options.output_error = options.output_error;
  calibrate_options.progress = [&](int64_t done, int64_t all) {
    progress.set_total(all);
    progress.update(done);
  };
  const engine::CalibrationPictures pictures{static_cast<int64_t>(files.size()), [&](int64_t i) {
                                               return input_of(model, side, read_input(files[static_cast<size_t>(i)]));
                                             }};
  const engine::Calibration found =
      calibrate(program, graph::own_weights(program, model.file.weights), pictures, calibrate_options);
  model.file.extra[kCalibrationEntry] = to_json(found).dump();
  formats::write_model(options.out, model.file);
  print_result(options, found, common.json);
  return 0;
}

}  // namespace

void add_calibrate(CLI::App& app, Invocation& invocation) {
  const auto options = std::make_shared<CalibrateVerbOptions>();
  CLI::App& verb = *app.add_subcommand("calibrate", "Make a model that can compute in int8, by pictures like yours");
  verb.add_option("MODEL", options->model, "A model (.safetensors) of a detector or classifier")
      ->required()
      ->type_name("");
  verb.add_option("INPUT", options->inputs, "Pictures, folders, or patterns such as 'a/*.jpg'; no annotations needed")
      ->required()
      ->type_name("");
  verb.add_option("--out", options->out, "Write the model with its calibration to this file")
      ->required()
      ->type_name("FILE");
  verb.add_option("--most", options->most, "Use at most so many of the pictures")
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
      "The new file is the old model and a calibration: without --precision int8 it runs as before.");
  verb.callback([&invocation, options] {
    invocation.run = [&invocation, options] { return run_calibrate(*options, invocation.common); };
  });
}

}  // namespace spinenet::cli
