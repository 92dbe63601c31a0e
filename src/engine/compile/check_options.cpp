#include "engine/compile/check_options.h"

#include <algorithm>

#include "base/error.h"
#include "base/format.h"
#include "base/known_names.h"
#include "engine/compile/passes/passes.h"

namespace spinenet::engine {
namespace {

// What CompileOptions::skip may name.
void check_skipped(std::span<const std::string> skip) {
  std::vector<std::string> known{"winograd", "share_weights"};
  for (const Pass& pass : all_passes()) known.emplace_back(pass.name);
  for (const std::string& name : skip) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    fail(ErrorKind::usage, fmt::format("there is no optimisation \"{}\" to skip", name), "engine",
         remedy_for(name, known));
  }
}

bool has_format(Precision precision, const kernels::Kernels& kernels) {
  return precision != Precision::bf16 || kernels.bf16_multiply != nullptr || kernels.tiles != nullptr;
}

void check_bf16(const CompileOptions& options, const kernels::Kernels& kernels) {
  if (has_format(options.precision, kernels)) return;
  fail(ErrorKind::unsupported, fmt::format("{} has no instructions for bf16", kernels.name), "engine",
       "use fp32 or int8; spinenet checks lists what this processor has");
}

}  // namespace

const kernels::Kernels& kernels_for(const CompileOptions& options) {
  const bool fp32 = options.precision == Precision::fp32;
  return kernels::find_kernels(options.instructions, fp32 ? kernels::Tiles::unwanted : kernels::Tiles::wanted);
}

bool has_format(const CompileOptions& options) {
  return has_format(options.precision, kernels_for(options));
}

CompiledPlan empty_plan(const CompileOptions& options) {
  check_skipped(options.skip);
  if (options.threads < 1)
    fail(ErrorKind::usage, fmt::format("{} threads", options.threads), "engine", "use 1 or more");
  CompiledPlan plan;
  plan.kernels = &kernels_for(options);
  if (options.batch < 1) fail(ErrorKind::usage, fmt::format("a batch of {}", options.batch), "engine", "use 1 or more");
  check_bf16(options, *plan.kernels);
  plan.threads = options.threads;
  plan.batch = options.batch;
  return plan;
}

bool skips(const CompileOptions& options, std::string_view name) {
  return std::find(options.skip.begin(), options.skip.end(), name) != options.skip.end();
}

}  // namespace spinenet::engine
