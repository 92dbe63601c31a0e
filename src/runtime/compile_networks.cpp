#include "runtime/compile_networks.h"

#include <utility>

#include "base/error.h"
#include "base/format.h"
#include "engine/run/session.h"
#include "graph/weights.h"
#include "runtime/two_stage_engine.h"

namespace spinenet::runtime {
namespace {

// compile(network, options) for each, with the options that are its own.
template <class Compile>
NetworkPlans compile_each(std::span<const graph::Program> networks, engine::CompileOptions options,
                          std::span<const engine::Calibration> calibrations, const Compile& compile) {
  if (!calibrations.empty() && calibrations.size() != networks.size()) {
    fail(ErrorKind::failed, fmt::format("{} calibrations for {} networks", calibrations.size(), networks.size()),
         options.place);
  }
  NetworkPlans plans;
  for (const graph::Program& network : networks) {
    if (!plans.empty()) options.batch = plans.size() + 1 == networks.size() ? kMaskHeadBatch : kBoxHeadBatch;
    options.crops = !plans.empty();
    if (!calibrations.empty()) options.calibration = &calibrations[plans.size()];
    plans.push_back(compile(network, options));
  }
  return plans;
}

// The program's weights, taken out of all.
Weights take_weights(const graph::Program& program, Weights& all) {
  Weights own;
  for (const graph::Parameter& parameter : program.parameters) own.insert(all.extract(parameter.name));
  return own;
}

}  // namespace

NetworkPlans compile_networks(std::span<const graph::Program> networks, const WeightViews& weights,
                              engine::CompileOptions options, std::span<const engine::Calibration> calibrations) {
  return compile_each(networks, std::move(options), calibrations,
                      [&](const graph::Program& network, const engine::CompileOptions& of_one) {
                        return engine::compile(network, graph::own_weights(network, weights), of_one);
                      });
}

NetworkPlans compile_networks(std::span<const graph::Program> networks, Model& model, engine::CompileOptions options,
                              std::span<const engine::Calibration> calibrations) {
  const std::shared_ptr<const formats::StoredModel> stored = std::exchange(model.stored, {});
  Weights weights = std::exchange(model.file.weights, {});
  if (stored) {
    options.release = [&](std::span<const float> values) { stored->release(values); };
    return compile_networks(networks, stored->weights(), std::move(options), calibrations);
  }
  return compile_each(networks, std::move(options), calibrations,
                      [&](const graph::Program& network, const engine::CompileOptions& of_one) {
                        return engine::compile(network, take_weights(network, weights), of_one);
                      });
}

graph::Forward engine_forward_of(const graph::Program& program, const Weights& weights, int threads) {
  return engine::engine_forward(engine::compile(program, weights, {.threads = threads}));
}

}  // namespace spinenet::runtime
