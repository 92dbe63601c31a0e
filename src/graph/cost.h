// What a Program costs: trainable parameters (shared ones once) and multiply-adds of its convolutions for one image.
//
// Thread contract: pure functions.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "graph/program.h"

namespace spinenet::graph {

struct Cost {
  int64_t parameters = 0;
  int64_t multiply_adds = 0;
};

Cost cost(const Program& program);
// The operations whose name begins with `prefix`; a parameter counts where it is first used.
Cost cost_of(const Program& program, std::string_view prefix);
// Of one operation; 0 for all but convolutions, transposed ones included.
int64_t multiply_adds(const Program& program, const Op& op);

}  // namespace spinenet::graph
