// A model's calibrations for int8, from images like those that it is for.
//
// Thread contract: as engine/quantize/calibrate.h.
#pragma once

#include "engine/quantize/calibrate.h"
#include "runtime/calibration.h"
#include "runtime/model.h"
#include "runtime/network_inputs.h"

namespace spinenet::runtime {

// Of each of the model's networks, with the inputs that network_inputs() makes of the images. The model is left as it
// was; calibration.h says where a model file keeps the calibrations. ErrorKind::usage without images;
// ErrorKind::bad_data as network_inputs() and engine::calibrate().
Calibrations calibrate_model(const Model& model, const ImageSource& images, const engine::CalibrateOptions& options);

}  // namespace spinenet::runtime
