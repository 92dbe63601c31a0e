// From a Program and its weights to a plan for this machine's processor.
//
// Thread contract: a pure function.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/host_tensor.h"
#include "engine/plan.h"
#include "graph/program.h"

namespace spinenet {

struct CompileOptions {
  int threads = 1;
  std::string instructions = {};       // of all_kernels(); "": the best that this machine has
  std::vector<std::string> skip = {};  // passes (engine/passes), "winograd", "share_weights"
  int batch = 1;                       // pictures that run together at most
};

// ErrorKind::bad_data when weights do not fit or are not finite; ErrorKind::usage for options that do not exist.
std::shared_ptr<const CompiledPlan> compile(const Program& program, const Weights& weights,
                                            const CompileOptions& options);

}  // namespace spinenet
