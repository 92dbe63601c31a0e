// What a network must know of its maps to compute with bytes, found by running it in floats on images like those that
// it is for.
//
// A map's range is the one that leaves the least mean square error, of those around all that was seen. A convolution
// stays in floats when bytes alone (its input's and its weights') change its sums by more than a share; and more do,
// the worst first, until the network's outputs differ by no more than another. Thread contract: pure functions;
// they use the threads asked for. Source: Krishnamoorthi 2018, section 3; Nagel et al. 2021, section 3.
#pragma once

#include <cstdint>
#include <functional>

#include "engine/compile/compile.h"
#include "engine/quantize/quantization.h"
#include "graph/program.h"

namespace spinenet::engine {

// Inputs of the network, [C, H, W] each, made when they are asked for.
struct CalibrationImages {
  int64_t count = 0;
  std::function<std::vector<float>(int64_t)> image;
  int64_t measured = 4;  // errors are measured on so many of the first
  bool crops = false;    // crops of another network's maps (CompileOptions)
};

struct CalibrateOptions {
  int threads = 1;
  double layer_error = 0.2;   // of a convolution's sums: root of mean squares over that of the sums
  double output_error = 0.1;  // of the network: as output_error() gives it
  std::function<void(int64_t done, int64_t all)> progress = [](int64_t, int64_t) {};
};

// ErrorKind::usage without images; ErrorKind::bad_data as compile().
Calibration calibrate(const graph::Program& program, const Weights& weights, const CalibrationImages& images,
                      const CalibrateOptions& options);

// How far the outputs of a network compiled as `other` has it, in bytes or in bf16, are from those in floats: the root
// of mean squares over all their numbers, each output in units of its own standard deviation.
double output_error(const graph::Program& program, const Weights& weights, CompileOptions other,
                    const CalibrationImages& images);

}  // namespace spinenet::engine
