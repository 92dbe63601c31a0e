// What the networks of a model are given for images: what its maps are measured with, to calibrate them or to compare
// number formats.
//
// Thread contract: as engine/quantize/calibrate.h. What is given refers to its arguments.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "engine/quantize/calibrate.h"
#include "graph/program.h"
#include "image/image.h"
#include "runtime/model.h"

namespace spinenet::runtime {

// Read when they are asked for.
struct ImageSource {
  int64_t count = 0;
  std::function<image::Image(int64_t)> image;
};

// For each of networks_of(model). The first gets the images as predict makes inputs of them. The heads of a model that
// segments get crops of what the model itself, in fp32, proposes and finds in the images: as many of each image, and
// some hundreds in all, which are kept in memory. ErrorKind::bad_data where nothing is proposed.
std::vector<engine::CalibrationImages> network_inputs(const Model& model, std::span<const graph::Program> networks,
                                                      const ImageSource& images, int threads);

}  // namespace spinenet::runtime
