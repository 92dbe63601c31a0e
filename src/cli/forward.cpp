#include "cli/forward.h"

#include "base/format.h"
#include "kernels/kernels.h"
#ifdef SPINENET_WITH_TORCH
#include "nn/torch_forward.h"
#endif

namespace spinenet::cli {
namespace {

std::string engine_fact() {
  std::vector<std::string_view> names;
  for (const kernels::Kernels& kernels : kernels::all_kernels()) names.push_back(kernels.name);
  return fmt::format("{} (of {})", names.front(), fmt::join(names, ", "));
}

}  // namespace

#ifdef SPINENET_WITH_TORCH

runtime::DeviceForward other_device() {
  return [](const graph::Program& program, const Weights& weights, int threads, const std::string& device) {
    if (device == "auto" && !nn::torch_finds_gpu()) return graph::Forward();
    return nn::torch_forward(program, weights, threads, device);
  };
}

std::vector<std::pair<std::string, std::string>> forward_facts() {
  auto facts = nn::torch_facts();
  facts.emplace_back("engine", engine_fact());
  return facts;
}

#else

runtime::DeviceForward other_device() {
  return {};
}

std::vector<std::pair<std::string, std::string>> forward_facts() {
  return {{"libtorch", "not in this build: training is off, and there is no GPU"}, {"engine", engine_fact()}};
}

#endif

}  // namespace spinenet::cli
