#include "cli/model.h"

#include "base/format.h"
#include "base/log.h"
#include "cli/forward.h"
#include "engine/compile.h"
#include "graph/weights.h"
#include "model/networks.h"

namespace spinenet {
namespace {

std::vector<Forward> run_networks(const Model& model, const RunOptions& options) {
  return forwards_of(model, options.image_size, [&](const Program& program, const Weights& weights) {
    return make_forward(program, weights, options.threads, options.device);
  });
}

NetworkPlans compile_networks(const Model& model, const RunOptions& options) {
  NetworkPlans plans;
  int64_t bytes = 0;
  for (const Program& program : networks_of(model, options.image_size)) {
    const int batch = engine_batch(plans.size());
    plans.push_back(
        compile(program, own_weights(program, model.file.weights), {.threads = options.threads, .batch = batch}));
    bytes += memory_bytes(*plans.back());
  }
  log_debug(fmt::format("the engine runs the model: {}, {} threads, {:.0f} MB", plans.front()->kernels->name,
                        options.threads, static_cast<double>(bytes) / 1e6));
  return plans;
}

}  // namespace

ObjectFinder make_object_finder(const Model& model, const RunOptions& options) {
  const FinderOptions finder{options.image_size, options.post};
  if (engine_runs(options.device)) return make_object_finder(model, finder, compile_networks(model, options));
  return make_object_finder(model, finder, run_networks(model, options));
}

Classifier make_classifier(const Model& model, const RunOptions& options) {
  return make_classifier(model, options.image_size, run_networks(model, options));
}

}  // namespace spinenet
