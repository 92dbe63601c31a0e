// The numbers that a network computes with, as --precision names them, and the calibration that a model file carries.
//
// Thread contract: free functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "engine/compile/compile.h"
#include "runtime/model.h"

namespace spinenet::cli {

// Of a model's metadata: what calibration_from_json reads.
inline constexpr const char* kCalibrationEntry = "calibration";

using spinenet::name_of;
std::string_view name_of(engine::Precision precision);
// ErrorKind::usage for a name that is none.
engine::Precision precision_named(const std::string& name);

// Nothing where the model carries none; ErrorKind::bad_data, with `place`, for one that makes no sense.
std::optional<engine::Calibration> calibration_of(const formats::ModelFile& model, const std::string& place);
// ErrorKind::usage where the model carries none.
engine::Calibration need_calibration(const formats::ModelFile& model, const std::string& place);

// ErrorKind::unsupported for a model that segments: it is several networks, and a calibration is for one.
void refuse_two_stages(const runtime::Model& model);

}  // namespace spinenet::cli
