// From a Program and its weights to a plan for this machine's processor.
//
// Thread contract: a pure function.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/host_tensor.h"
#include "engine/plan.h"
#include "engine/quantization.h"
#include "graph/program.h"

namespace spinenet {

// What convolutions multiply. bf16: floats rounded to 16 bits, but for the convolution on the picture. int8: bytes,
// where the calibration does not keep floats.
enum class Precision { fp32, bf16, int8 };

struct CompileOptions {
  int threads = 1;
  std::string instructions = {};       // of all_kernels(); "": the best that this machine has
  std::vector<std::string> skip = {};  // passes (engine/passes), "winograd", "share_weights"
  int batch = 1;                       // pictures that run together at most
  Precision precision = Precision::fp32;
  const Calibration* calibration = nullptr;  // for int8
  bool crops = false;                        // the input is a crop of another plan's maps, not a picture
};

// ErrorKind::bad_data when weights do not fit, are not finite or are not those of the calibration; ErrorKind::usage for
// options that do not exist and for int8 without a calibration; ErrorKind::unsupported for bf16 on a processor without.
std::shared_ptr<const CompiledPlan> compile(const Program& program, const Weights& weights,
                                            const CompileOptions& options);

}  // namespace spinenet
