#include "engine/compile/compile.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/format.h"
#include "engine/compile/check_options.h"
#include "engine/compile/make_steps.h"
#include "engine/compile/place_maps.h"
#include "engine/compile/prepare_network.h"
#include "engine/compile/prepare_weights.h"
#include "graph/weights.h"

namespace spinenet::engine {
namespace {

void refuse_weights_that_are_not_numbers(const graph::Program& program, const Weights& weights) {
  for (const graph::Parameter& parameter : program.parameters) {
    const std::vector<float>& data = weights.at(parameter.name).data;
    const auto bad = std::find_if(data.begin(), data.end(), [](float x) { return !std::isfinite(x); });
    if (bad == data.end()) continue;
    fail(ErrorKind::bad_data, fmt::format("element {} is {}", bad - data.begin(), *bad), "parameter " + parameter.name,
         "the model is broken; take an earlier checkpoint");
  }
}

}  // namespace

std::shared_ptr<const CompiledPlan> compile(const graph::Program& program, const Weights& weights,
                                            const CompileOptions& options) {
  graph::check_weights(program, weights, "engine");
  refuse_weights_that_are_not_numbers(program, weights);
  CompiledPlan plan = empty_plan(options);

  const Network network = prepare_network(program, weights, options, *plan.kernels);
  const Schedule order = schedule(network, !skips(options, "share_weights"));
  const std::vector<Map> maps = place_maps(network, order, options, plan);
  ConvChooser chooser(options, plan);
  const std::vector<WeightUse> uses = make_steps({network, order, maps}, options.precision, chooser, plan);
  chooser.save();
  prepare_weights(program, weights, uses, plan);
  return std::make_shared<const CompiledPlan>(std::move(plan));
}

}  // namespace spinenet::engine
