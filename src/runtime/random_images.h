// Images that only have to be of the right size: a network takes as long for them as for any.
//
// Thread contract: a pure function.
#pragma once

#include "base/host_tensor.h"
#include "graph/program.h"

namespace spinenet::runtime {

// [count, C, H, W] of the program's input, the same numbers each time.
HostTensor random_images(const graph::Program& program, int count);

}  // namespace spinenet::runtime
