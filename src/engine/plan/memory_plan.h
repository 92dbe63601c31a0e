// Where in one stretch of memory each buffer lies, so that buffers which are alive together do not overlap and the
// stretch is short: the largest first, each in the smallest gap that holds it.
//
// Thread contract: pure functions.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace spinenet::engine {

struct Lifetime {
  int64_t size = 0;
  int first = 0, last = 0;  // steps, both included
};

struct MemoryPlan {
  std::vector<int64_t> offsets;
  int64_t size = 0;
};

MemoryPlan plan_memory(std::span<const Lifetime> buffers);

// The most that is alive at once: no plan can be smaller.
int64_t least_memory(std::span<const Lifetime> buffers);

}  // namespace spinenet::engine
