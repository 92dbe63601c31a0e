// From a Program and its weights to a plan for this machine's processor.
//
// Thread contract: a pure function.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/enum_names.h"
#include "base/tensor_view.h"
#include "engine/compile/packed_weights.h"
#include "engine/plan/plan.h"
#include "engine/quantize/quantization.h"
#include "graph/program.h"

namespace spinenet::engine {

// What convolutions multiply. bf16: floats rounded to 16 bits, except for the convolution on the image. int8: bytes,
// where the calibration does not keep floats.
enum class Precision { fp32, bf16, int8 };
constexpr auto names(Precision) {
  using enum Precision;
  return named<Precision>({{fp32, "fp32"}, {bf16, "bf16"}, {int8, "int8"}});
}

struct CompileOptions {
  int threads = 1;
  std::string instructions = {};       // of all_kernels(); "": the best that this machine has
  std::vector<std::string> skip = {};  // passes (engine/passes), "winograd", "share_weights"
  int batch = 1;                       // images that run together at most
  Precision precision = Precision::fp32;
  const Calibration* calibration = nullptr;  // for int8
  bool crops = false;                        // the input is a crop of another plan's maps, not an image
  // How a convolution is computed. Off: by a rule, which gives the same bits for the same instruction set and number
  // format on every machine. On: each way is timed here and the fastest is taken, which changes the last bits where
  // Winograd's transforms come or go; what was found is kept in a file.
  bool autotune = false;
  // Where measured choices are kept; "": nowhere; nothing: the usual place.
  std::optional<std::string> choice_file = {};
  // Called with values that are packed: nothing is lost where their memory is taken back. From any of the threads.
  std::function<void(std::span<const float>)> release = {};
  // Where packed weights are kept; null: nowhere. What they were packed of is then looked at only where it is packed,
  // by `check` and for values that are not finite or not the calibration's: weights that are found kept passed that
  // before.
  const PackedStore* packed = nullptr;
  std::function<void()> check = {};
  int64_t memory_limit = 0;      // bytes that maps may take; 0: what the machine and the control group have
  std::string place = "engine";  // named in errors: the model file, say
};

// ErrorKind::bad_data when weights do not fit, are not finite or are not those of the calibration; ErrorKind::usage for
// options that do not exist and for int8 without a calibration; ErrorKind::unsupported for bf16 on a processor without
// and for a network whose maps are larger than the limit.
std::shared_ptr<const CompiledPlan> compile(const graph::Program& program, const WeightViews& weights,
                                            const CompileOptions& options);
inline std::shared_ptr<const CompiledPlan> compile(const graph::Program& program, const Weights& weights,
                                                   const CompileOptions& options) {
  return compile(program, views_of(weights), options);
}

}  // namespace spinenet::engine
