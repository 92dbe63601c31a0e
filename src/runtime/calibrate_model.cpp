#include "runtime/calibrate_model.h"

#include "graph/weights.h"
#include "runtime/networks.h"

namespace spinenet::runtime {
namespace {

// Progress of one network of several, each with the same share of the whole.
constexpr int64_t kShare = 1000;

engine::CalibrateOptions options_of(const engine::CalibrateOptions& options, size_t network, size_t networks) {
  engine::CalibrateOptions of_one = options;
  if (networks == 1) return of_one;
  of_one.progress = [&options, network, networks](int64_t done, int64_t all) {
    options.progress(static_cast<int64_t>(network) * kShare + kShare * done / all,
                     static_cast<int64_t>(networks) * kShare);
  };
  return of_one;
}

}  // namespace

Calibrations calibrate_model(const Model& model, const ImageSource& images, const engine::CalibrateOptions& options) {
  const std::vector<graph::Program> networks = networks_of(model);
  const std::vector<engine::CalibrationImages> inputs = network_inputs(model, networks, images, options.threads);
  Calibrations found;
  for (size_t n = 0; n < networks.size(); ++n) {
    found.push_back(engine::calibrate(networks[n], graph::own_weights(networks[n], model.file.weights), inputs[n],
                                      options_of(options, n, networks.size())));
  }
  return found;
}

}  // namespace spinenet::runtime
