// What the networks of a model are given for images: the inputs on which each network's maps are measured, to calibrate
// it or to compare number formats.
//
// Thread contract: as engine/quantize/calibrate.h. What is given refers to the model.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "engine/quantize/calibrate.h"
#include "image/image.h"
#include "runtime/model.h"

namespace spinenet::runtime {

// Read when they are asked for.
struct ImageSource {
  int64_t count = 0;
  std::function<image::Image(int64_t)> image;
};

// Done, and of how much.
using ProgressFunction = std::function<void(int64_t done, int64_t all)>;

// For each of networks_of(model). The first gets the images as predict makes inputs of them. The heads of a model that
// segments get crops of what the model itself, run in fp32, proposes and finds in the images: at most 64 of an image
// and some 500 in all, which are kept in memory; the first crops are of different images. ErrorKind::bad_data where
// nothing is proposed or found.
std::vector<engine::CalibrationImages> network_inputs(const Model& model, const ImageSource& images,
                                                      const engine::CalibrateOptions& options);

// The progress of a part of the work on so many networks: part 0 is to collect the inputs, which one network needs not,
// part n to calibrate the n-th.
ProgressFunction share_of(const ProgressFunction& progress, size_t networks, size_t part);

}  // namespace spinenet::runtime
