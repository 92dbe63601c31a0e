#include "engine/compile/passes/passes.h"

#include <algorithm>

namespace spinenet::engine {

std::span<const Pass> all_passes() {
  static constexpr Pass kPasses[] = {{"fuse_affine", fuse_affine},
                                     {"convolve_before_upsampling", convolve_before_upsampling},
                                     {"fuse_upsampling", fuse_upsampling},
                                     {"fuse_residual", fuse_residual}};
  return kPasses;
}

void run_passes(Network& network, std::span<const std::string> skip) {
  verify_network(network);
  for (const Pass& pass : all_passes()) {
    if (std::find(skip.begin(), skip.end(), pass.name) != skip.end()) continue;
    pass.run(network);
    verify_network(network);
  }
}

}  // namespace spinenet::engine
