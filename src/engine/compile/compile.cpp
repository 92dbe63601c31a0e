#include "engine/compile/compile.h"

#include <algorithm>
#include <cmath>
#include <span>

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

void refuse_weights_that_are_not_numbers(const graph::Program& program, const WeightViews& weights) {
  for (const graph::Parameter& parameter : program.parameters) {
    const std::span<const float> data = weights.at(parameter.name).data;
    if (count_nonfinite(data) == 0) continue;
    const auto bad = std::find_if(data.begin(), data.end(), [](float x) { return !std::isfinite(x); });
    fail(ErrorKind::bad_data, fmt::format("element {} is {}", bad - data.begin(), *bad), "parameter " + parameter.name,
         "the model is broken; take an earlier checkpoint");
  }
}

void check_values(const graph::Program& program, const WeightViews& weights, const CompileOptions& options) {
  if (options.check) options.check();
  refuse_weights_that_are_not_numbers(program, weights);
  if (options.precision != Precision::int8 || options.calibration == nullptr) return;
  if (options.calibration->weights == identity_of(weights)) return;
  fail(ErrorKind::bad_data, "the calibration was made with other weights", options.place,
       "run spinenet calibrate again");
}

}  // namespace

std::shared_ptr<const CompiledPlan> compile(const graph::Program& program, const WeightViews& weights,
                                            const CompileOptions& options) {
  graph::check_weights(program, weights, "engine");
  if (options.packed == nullptr) check_values(program, weights, options);
  CompiledPlan plan = empty_plan(options);

  const Network network = prepare_network(program, weights, options, *plan.kernels);
  const Schedule order = schedule(network, !skips(options, "share_weights"));
  const std::vector<Map> maps = place_maps(network, order, options, plan);
  ConvChooser chooser(options, plan);
  const std::vector<WeightUse> uses = make_steps({network, order, maps}, options.precision, chooser, plan);
  chooser.save();
  const auto check = [&] {
    if (options.packed != nullptr) check_values(program, weights, options);
  };
  prepare_weights({program, weights, uses, check}, options, plan);
  return std::make_shared<const CompiledPlan>(std::move(plan));
}

}  // namespace spinenet::engine
