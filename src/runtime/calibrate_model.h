// A model's calibration for int8, from images like those that it is for.
//
// Thread contract: as engine/quantize/calibrate.h.
#pragma once

#include <cstdint>
#include <functional>

#include "engine/quantize/calibrate.h"
#include "image/image.h"
#include "runtime/model.h"

namespace spinenet::runtime {

// Read when they are asked for.
struct ImageSource {
  int64_t count = 0;
  std::function<image::Image(int64_t)> image;
};

// The images as predict makes inputs of them. The model is left as it was; calibration.h says where a model file keeps
// the calibration. ErrorKind::unsupported for a model that segments.
engine::Calibration calibrate_model(const Model& model, const ImageSource& images,
                                    const engine::CalibrateOptions& options);

// What the network is given for each of the images.
engine::CalibrationImages network_inputs(const Model& model, const graph::Program& program, const ImageSource& images);

// Keeps it in the metadata.
void set_calibration(Model& model, const engine::Calibration& calibration);

}  // namespace spinenet::runtime
