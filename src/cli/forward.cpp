#include "cli/forward.h"

#include <memory>

#include "base/error.h"
#include "base/format.h"
#include "base/log.h"
#ifdef SPINENET_WITH_TORCH
#include "nn/torch_forward.h"
#else
#include "graph/reference.h"
#endif

namespace spinenet {

#ifdef SPINENET_WITH_TORCH

Forward make_forward(const Program& program, const Weights& weights, int threads, const std::string& device) {
  return torch_forward(program, weights, threads, device);
}

std::vector<std::pair<std::string, std::string>> forward_facts() {
  return torch_facts();
}

#else

Forward make_forward(const Program& program, const Weights& weights, int threads, const std::string& device) {
  if (device != "auto" && device != "cpu") {
    fail(ErrorKind::unsupported, "this build has no LibTorch, so it runs on the CPU alone",
         fmt::format("device {}", device), "build with -DSPINENET_BUILD_TRAIN=ON");
  }
  if (threads > 1) log_debug("the reference interpreter uses one thread");
  log_warning("this build has no LibTorch: the reference interpreter is exact but slow");
  auto shared = std::make_shared<std::pair<Program, Weights>>(program, weights);
  return [shared](const HostTensor& input) { return run_reference(shared->first, shared->second, input); };
}

std::vector<std::pair<std::string, std::string>> forward_facts() {
  return {{"libtorch", "not in this build: training is off, prediction uses the reference interpreter"}};
}

#endif

}  // namespace spinenet
