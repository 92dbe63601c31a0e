// The calibration that a model file carries for int8.
//
// Thread contract: free functions.
#pragma once

#include <optional>
#include <string>

#include "engine/compile/compile.h"
#include "runtime/model.h"

namespace spinenet::runtime {

// Of a model's metadata: what calibration_from_json reads.
inline constexpr const char* kCalibrationEntry = "calibration";

// Nothing where the model carries none; ErrorKind::bad_data, with `place`, for one that makes no sense.
std::optional<engine::Calibration> calibration_of(const formats::ModelFile& model, const std::string& place);
// ErrorKind::usage where the model carries none.
engine::Calibration need_calibration(const formats::ModelFile& model, const std::string& place);

// ErrorKind::unsupported for a model that segments: it is several networks, and a calibration is for one.
void refuse_two_stages(const runtime::Model& model);

}  // namespace spinenet::runtime
