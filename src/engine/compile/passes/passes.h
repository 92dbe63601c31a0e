// The rewritings that make a Network fast. None changes what it computes but for rounding.
//
// Thread contract: pure functions of their argument.
// Source: the fusions of oneDNN's and ONNX Runtime's graph optimisers; SpineNet, section 3.1, for what is special here:
// a connection from a coarser block upsamples and then convolves 1x1, which may change places.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/compile/network.h"

namespace spinenet::engine {

// A batch norm or an activation behind a node that has neither becomes part of that node.
void fuse_affine(Network& network);
// convolve1x1(upsample(x)) = upsample(convolve1x1(x)): the convolution runs on the small map.
void convolve_before_upsampling(Network& network);
// A sum reads the map before it was upsampled.
void fuse_upsampling(Network& network);
// A sum of two that one convolution ends in becomes that convolution's residual, activation and all.
void fuse_residual(Network& network);

struct Pass {
  std::string_view name;
  void (*run)(Network&);
};
// In their order.
std::span<const Pass> all_passes();

// Runs and verifies all but those named in `skip`.
void run_passes(Network& network, std::span<const std::string> skip);

}  // namespace spinenet::engine
