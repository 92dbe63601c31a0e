#include "runtime/calibration.h"

#include "base/error.h"
#include "base/format.h"
#include "base/json.h"
#include "graph/weights.h"

namespace spinenet::runtime {
namespace {

// Of a model of several networks; one network's calibration stands alone.
constexpr const char* kNetworks = "networks";

}  // namespace

std::optional<Calibrations> calibrations_of(const formats::ModelFile& model, const std::string& place) {
  const auto found = model.extra.find(kCalibrationEntry);
  if (found == model.extra.end()) return std::nullopt;
  const std::string where = fmt::format("{}: metadata entry \"{}\"", place, kCalibrationEntry);
  const Json json = parse_json(found->second, where);
  if (!json.is_object() || !json.contains(kNetworks)) return Calibrations{engine::calibration_from_json(json, where)};
  const Json& networks = json.at(kNetworks);
  if (!networks.is_array()) {
    fail(ErrorKind::bad_data, fmt::format("\"{}\" is not a list", kNetworks), where, "run spinenet calibrate again");
  }
  Calibrations calibrations;
  for (const Json& network : networks) {
    calibrations.push_back(
        engine::calibration_from_json(network, fmt::format("{}: \"{}\"[{}]", where, kNetworks, calibrations.size())));
  }
  return calibrations;
}

Calibrations need_calibrations(const formats::ModelFile& model, size_t networks, const std::string& place) {
  std::optional<Calibrations> found = calibrations_of(model, place);
  if (!found) {
    fail(ErrorKind::usage, "the model has no calibration, which int8 needs", place,
         "make a model with one: spinenet calibrate MODEL IMAGES... --out MODEL2");
  }
  if (found->size() != networks) {
    fail(ErrorKind::bad_data,
         fmt::format("the calibration is for {} networks, and the model has {}", found->size(), networks), place,
         "run spinenet calibrate again");
  }
  return *std::move(found);
}

void set_calibrations(formats::ModelFile& model, const Calibrations& calibrations) {
  if (calibrations.size() == 1) {
    model.extra[kCalibrationEntry] = to_json(calibrations.front()).dump();
    return;
  }
  Json networks = Json::array();
  for (const engine::Calibration& calibration : calibrations) networks.push_back(to_json(calibration));
  model.extra[kCalibrationEntry] = Json{{kNetworks, std::move(networks)}}.dump();
}

std::string weights_identity(std::span<const graph::Program> networks, const WeightViews& weights) {
  std::string identity;
  for (const graph::Program& network : networks) {
    if (!identity.empty()) identity += '+';
    identity += engine::identity_of(graph::own_weights(network, weights));
  }
  return identity;
}

}  // namespace spinenet::runtime
