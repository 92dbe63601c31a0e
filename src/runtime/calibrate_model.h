// A model's calibrations for int8, from images like those that it is for.
//
// Thread contract: as engine/quantize/calibrate.h.
#pragma once

#include <span>

#include "engine/quantize/calibrate.h"
#include "runtime/calibration.h"
#include "runtime/model.h"
#include "runtime/network_inputs.h"

namespace spinenet::runtime {

// Of each of the model's networks, with the inputs that network_inputs() gives it. The model is left as it was;
// calibration.h says where a model file keeps the calibrations. ErrorKind::usage without images; ErrorKind::bad_data as
// engine::calibrate().
Calibrations calibrate_model(const Model& model, std::span<const engine::CalibrationImages> inputs,
                             const engine::CalibrateOptions& options);

}  // namespace spinenet::runtime
