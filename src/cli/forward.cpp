#include "cli/forward.h"

#include "base/error.h"
#include "base/format.h"
#include "base/log.h"
#include "engine/compile/compile.h"
#include "engine/run/session.h"
#ifdef SPINENET_WITH_TORCH
#include "nn/torch_forward.h"
#endif

namespace spinenet::cli {
namespace {

graph::Forward on_cpu(const graph::Program& program, const Weights& weights, int threads) {
  engine::CompileOptions options;
  options.threads = threads;
  const auto plan = engine::compile(program, weights, options);
  log_debug(fmt::format("the engine runs the network: {}, {} threads, {:.0f} MB", plan->kernels->name, threads,
                        static_cast<double>(engine::memory_bytes(*plan)) / 1e6));
  return engine::engine_forward(plan);
}

std::string engine_fact() {
  std::vector<std::string_view> names;
  for (const kernels::Kernels& kernels : kernels::all_kernels()) names.push_back(kernels.name);
  return fmt::format("{} (of {})", names.front(), fmt::join(names, ", "));
}

}  // namespace

#ifdef SPINENET_WITH_TORCH

bool engine_runs(const std::string& device) {
  return device == "cpu" || (device == "auto" && !nn::torch_finds_gpu());
}

graph::Forward make_forward(const graph::Program& program, const Weights& weights, int threads,
                            const std::string& device) {
  if (engine_runs(device)) return on_cpu(program, weights, threads);
  return nn::torch_forward(program, weights, threads, device);
}

std::vector<std::pair<std::string, std::string>> forward_facts() {
  auto facts = nn::torch_facts();
  facts.emplace_back("engine", engine_fact());
  return facts;
}

#else

bool engine_runs(const std::string& device) {
  if (device == "auto" || device == "cpu") return true;
  fail(ErrorKind::unsupported, "this build has no LibTorch, so it runs on the CPU alone",
       fmt::format("device {}", device), "build with -DSPINENET_BUILD_TRAIN=ON");
}

graph::Forward make_forward(const graph::Program& program, const Weights& weights, int threads,
                            const std::string& device) {
  engine_runs(device);
  return on_cpu(program, weights, threads);
}

std::vector<std::pair<std::string, std::string>> forward_facts() {
  return {{"libtorch", "not in this build: training is off, and there is no GPU"}, {"engine", engine_fact()}};
}

#endif

}  // namespace spinenet::cli
