#include "engine/compile/prepare_network.h"

#include "base/error.h"
#include "engine/compile/bf16_maps.h"
#include "engine/compile/passes/passes.h"
#include "engine/quantize/quantize.h"

namespace spinenet::engine {
namespace {

const Calibration& calibration_of(const CompileOptions& options) {
  if (options.calibration == nullptr) {
    fail(ErrorKind::usage, "int8 needs a calibration", options.place, "run spinenet calibrate with images like yours");
  }
  return *options.calibration;
}

}  // namespace

Network prepare_network(const graph::Program& program, const WeightViews& weights, const CompileOptions& options,
                        const kernels::Kernels& kernels) {
  Network network = make_network(program, weights);
  run_passes(network, options.skip);
  if (options.precision == Precision::int8) {
    quantize(network, calibration_of(options), options.crops, options.place);
    verify_network(network);
  }
  if (options.precision == Precision::bf16 && kernels.tiles != nullptr) choose_bf16_maps(network);
  return network;
}

}  // namespace spinenet::engine
