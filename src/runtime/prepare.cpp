#include "runtime/prepare.h"

#include <utility>

#include "base/error.h"
#include "base/format.h"
#include "base/log.h"
#include "graph/weights.h"
#include "runtime/calibration.h"
#include "runtime/choose_precision.h"
#include "runtime/networks.h"

namespace spinenet::runtime {
namespace {

constexpr int kMaxImageSize = 65536;

void check_run_options(const RunOptions& options) {
  if (options.image_size < 0 || options.image_size > kMaxImageSize) {
    fail(ErrorKind::usage, fmt::format("image size {}", options.image_size), "model",
         fmt::format("use 1 to {}, or 0 for the model's own", kMaxImageSize));
  }
  if (options.other_device || options.device == "cpu" || options.device == "auto") return;
  fail(ErrorKind::unsupported, "this program runs models on the CPU alone", fmt::format("device {}", options.device),
       "use device cpu or auto, or a build with training (SPINENET_BUILD_TRAIN=ON)");
}

void require_floats(const RunOptions& options) {
  const engine::Precision precision = options.precision.value_or(engine::Precision::fp32);
  if (precision == engine::Precision::fp32) return;
  fail(ErrorKind::unsupported, fmt::format("precision {}", name_of(precision)),
       fmt::format("device {}", options.device), "use device cpu, or fp32");
}

// Nothing where the engine runs the model.
std::optional<NetworkForwards> on_other_device(std::span<const graph::Program> networks, const Model& model,
                                               const RunOptions& options) {
  if (!options.other_device || options.device == "cpu") return std::nullopt;
  if (!model.is_checked) model.stored->check_values();
  const Weights copies = model.stored ? copy_of(model.stored->weights()) : Weights();
  const Weights& weights = model.stored ? copies : model.file.weights;
  NetworkForwards forwards;
  for (const graph::Program& program : networks) {
    // One network has all weights; of several each needs its part.
    const Weights part = networks.size() > 1 ? graph::own_weights(program, weights) : Weights();
    graph::Forward forward =
        options.other_device(program, networks.size() > 1 ? part : weights, options.threads, options.device);
    if (!forward) return std::nullopt;
    require_floats(options);
    forwards.push_back(std::move(forward));
  }
  return forwards;
}

NetworkPlans in_engine(Model& model, std::span<const graph::Program> networks, const RunOptions& options) {
  engine::CompileOptions compiled = engine_options(options);
  compiled.place = model.path.string();
  Calibrations calibrations;
  if (compiled.precision == engine::Precision::int8) {
    calibrations = need_calibrations(model.file, networks.size(), compiled.place);
  }
  engine::PackedStore store{options.packed_folder, model.path, {}, {}};
  if (model.stored && !store.folder.empty()) {
    store.content_now = [stored = model.stored] { return stored->content(); };
    store.content = store.content_now();
    compiled.packed = &store;
    if (!model.is_checked) compiled.check = [stored = model.stored] { stored->check_values(); };
  }
  NetworkPlans plans = compile_networks(networks, model, compiled, calibrations);
  int64_t bytes = 0;
  for (const auto& plan : plans) bytes += engine::memory_bytes(*plan);
  log_debug(fmt::format("the engine runs the model: {}, {}, {} threads, {:.0f} MB", plans.front()->kernels->name,
                        name_of(compiled.precision), options.threads, static_cast<double>(bytes) / 1e6));
  return plans;
}

}  // namespace

PreparedModel prepare(Model model, const RunOptions& options) {
  check_run_options(options);
  PreparedModel prepared{{}, image_size_of(model, options.image_size), options.threads, {}};
  const std::vector<graph::Program> networks = networks_of(model, options.image_size);
  if (std::optional<NetworkForwards> forwards = on_other_device(networks, model, options)) {
    if (!options.packed_folder.empty()) log_warning("--cache is of use on the CPU alone: nothing is kept");
    prepared.networks = *std::move(forwards);
  } else {
    RunOptions decided = options;
    const bool look_when_packed = !options.packed_folder.empty() && options.precision;
    if (!model.is_checked && !look_when_packed) {
      model.stored->check_values();
      model.is_checked = true;
    }
    if (!options.precision) decided.precision = choose_precision(model, networks, engine_options(options));
    prepared.precision = *decided.precision;
    prepared.networks = in_engine(model, networks, decided);
  }
  model.file.weights.clear();
  model.stored.reset();
  prepared.model = std::move(model);
  return prepared;
}

engine::CompileOptions engine_options(const RunOptions& options) {
  engine::CompileOptions compiled{.threads = options.threads, .batch = options.batch};
  compiled.precision = options.precision.value_or(engine::Precision::fp32);
  compiled.autotune = options.autotune;
  compiled.choice_file = options.autotune_cache;
  compiled.memory_limit = options.memory_limit;
  return compiled;
}

}  // namespace spinenet::runtime
