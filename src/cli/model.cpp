#include "cli/model.h"

#include "base/error.h"
#include "base/format.h"
#include "base/log.h"
#include "cli/forward.h"
#include "cli/precision.h"
#include "engine/compile.h"
#include "engine/session.h"
#include "graph/weights.h"
#include "model/networks.h"

namespace spinenet {
namespace {

std::vector<Forward> run_networks(const Model& model, const RunOptions& options) {
  if (options.precision != Precision::fp32) {
    fail(ErrorKind::unsupported, fmt::format("precision {}", name_of(options.precision)),
         fmt::format("device {}", options.device), "use --device cpu, or fp32");
  }
  return forwards_of(model, options.image_size, [&](const Program& program, const Weights& weights) {
    return make_forward(program, weights, options.threads, options.device);
  });
}

NetworkPlans compile_networks(const Model& model, const RunOptions& options) {
  CompileOptions compiled{.threads = options.threads, .precision = options.precision};
  compiled.place = model.path.string();
  set_choose(options.choose, compiled);
  Calibration calibration;
  if (options.precision == Precision::int8) {
    refuse_two_stages(model);
    calibration = need_calibration(model.file, model.path.string());
    compiled.calibration = &calibration;
  }
  NetworkPlans plans;
  int64_t bytes = 0;
  const std::vector<Program> networks = networks_of(model, options.image_size);
  for (const Program& program : networks) {
    compiled.batch = engine_batch(plans.size(), networks.size());
    compiled.crops = !plans.empty();
    // One network has all weights; of several each needs its part.
    const Weights part = networks.size() > 1 ? own_weights(program, model.file.weights) : Weights();
    plans.push_back(compile(program, networks.size() > 1 ? part : model.file.weights, compiled));
    bytes += memory_bytes(*plans.back());
  }
  log_debug(fmt::format("the engine runs the model: {}, {}, {} threads, {:.0f} MB", plans.front()->kernels->name,
                        name_of(options.precision), options.threads, static_cast<double>(bytes) / 1e6));
  return plans;
}

}  // namespace

ObjectFinder make_object_finder(const Model& model, const RunOptions& options) {
  const FinderOptions finder{options.image_size, options.post};
  if (engine_runs(options.device)) return make_object_finder(model, finder, compile_networks(model, options));
  return make_object_finder(model, finder, run_networks(model, options));
}

Classifier make_classifier(const Model& model, const RunOptions& options) {
  if (!engine_runs(options.device)) return make_classifier(model, options.image_size, run_networks(model, options));
  std::vector<Forward> forwards;
  for (const auto& plan : compile_networks(model, options)) forwards.push_back(engine_forward(plan));
  return make_classifier(model, options.image_size, forwards);
}

}  // namespace spinenet
