#include "runtime/calibrate_model.h"

#include "graph/weights.h"
#include "runtime/networks.h"

namespace spinenet::runtime {

Calibrations calibrate_model(const Model& model, std::span<const engine::CalibrationImages> inputs,
                             const engine::CalibrateOptions& options) {
  const std::vector<graph::Program> networks = networks_of(model);
  Calibrations found;
  for (size_t n = 0; n < networks.size(); ++n) {
    engine::CalibrateOptions of_one = options;
    of_one.progress = share_of(options.progress, networks.size(), n + 1);
    found.push_back(
        engine::calibrate(networks[n], graph::own_weights(networks[n], model.file.weights), inputs[n], of_one));
  }
  return found;
}

}  // namespace spinenet::runtime
