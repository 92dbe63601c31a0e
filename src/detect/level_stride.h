// How far apart the cells of a pyramid's levels stand: 2^level pixels, but of a backbone that keeps its maps from some
// level on (DetNet) no farther than a coarsest stride.
//
// Thread contract: pure functions.
#pragma once

#include <algorithm>

namespace spinenet::detect {

constexpr int kAnyStride = 1 << 30;  // as the coarsest stride: every level has its own

constexpr int level_stride(int level, int coarsest_stride) {
  return std::min(1 << level, coarsest_stride);
}

}  // namespace spinenet::detect
