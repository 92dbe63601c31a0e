#include "cli/model.h"

#include "base/error.h"
#include "base/format.h"
#include "base/log.h"
#include "cli/forward.h"
#include "cli/precision.h"
#include "engine/compile/compile.h"
#include "engine/run/session.h"
#include "graph/weights.h"
#include "runtime/networks.h"

namespace spinenet::cli {
namespace {

std::vector<graph::Forward> run_networks(const runtime::Model& model, const RunOptions& options) {
  if (options.precision != engine::Precision::fp32) {
    fail(ErrorKind::unsupported, fmt::format("precision {}", name_of(options.precision)),
         fmt::format("device {}", options.device), "use --device cpu, or fp32");
  }
  return runtime::forwards_of(model, options.image_size, [&](const graph::Program& program, const Weights& weights) {
    return make_forward(program, weights, options.threads, options.device);
  });
}

runtime::NetworkPlans compile_networks(const runtime::Model& model, const RunOptions& options) {
  engine::CompileOptions compiled{.threads = options.threads, .precision = options.precision};
  compiled.place = model.path.string();
  set_choose(options.choose, compiled);
  engine::Calibration calibration;
  if (options.precision == engine::Precision::int8) {
    refuse_two_stages(model);
    calibration = need_calibration(model.file, model.path.string());
    compiled.calibration = &calibration;
  }
  runtime::NetworkPlans plans;
  int64_t bytes = 0;
  const std::vector<graph::Program> networks = runtime::networks_of(model, options.image_size);
  for (const graph::Program& program : networks) {
    compiled.batch = runtime::engine_batch(plans.size(), networks.size());
    compiled.crops = !plans.empty();
    // One network has all weights; of several each needs its part.
    const Weights part = networks.size() > 1 ? graph::own_weights(program, model.file.weights) : Weights();
    plans.push_back(engine::compile(program, networks.size() > 1 ? part : model.file.weights, compiled));
    bytes += engine::memory_bytes(*plans.back());
  }
  log_debug(fmt::format("the engine runs the model: {}, {}, {} threads, {:.0f} MB", plans.front()->kernels->name,
                        name_of(options.precision), options.threads, static_cast<double>(bytes) / 1e6));
  return plans;
}

}  // namespace

runtime::ObjectFinder make_object_finder(const runtime::Model& model, const RunOptions& options) {
  const runtime::FinderOptions finder{options.image_size, options.post};
  if (engine_runs(options.device)) return make_object_finder(model, finder, compile_networks(model, options));
  return make_object_finder(model, finder, run_networks(model, options));
}

runtime::Classifier make_classifier(const runtime::Model& model, const RunOptions& options) {
  if (!engine_runs(options.device)) return make_classifier(model, options.image_size, run_networks(model, options));
  std::vector<graph::Forward> forwards;
  for (const auto& plan : compile_networks(model, options)) forwards.push_back(engine::engine_forward(plan));
  return make_classifier(model, options.image_size, forwards);
}

}  // namespace spinenet::cli
