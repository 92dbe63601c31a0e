// The calibrations that a model file carries for int8.
//
// Thread contract: free functions.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/compile/compile.h"
#include "graph/program.h"
#include "runtime/model.h"

namespace spinenet::runtime {

// One for each network of the model, in the order of networks_of().
using Calibrations = std::vector<engine::Calibration>;

// Of a model's metadata: what set_calibrations() writes.
inline constexpr const char* kCalibrationEntry = "calibration";

// Nothing where the model carries none; ErrorKind::bad_data, with `place`, for one that makes no sense.
std::optional<Calibrations> calibrations_of(const formats::ModelFile& model, const std::string& place);
// ErrorKind::usage where the model carries none; ErrorKind::bad_data where it is for another number of networks.
Calibrations need_calibrations(const formats::ModelFile& model, size_t networks, const std::string& place);

// Keeps them in the metadata.
void set_calibrations(formats::ModelFile& model, const Calibrations& calibrations);

// Tells the weights of a model's networks apart: of one network engine::identity_of its own.
std::string weights_identity(std::span<const graph::Program> networks, const WeightViews& weights);

}  // namespace spinenet::runtime
