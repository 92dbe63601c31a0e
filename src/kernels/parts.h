// How many parts a whole has.
//
// Thread contract: pure functions.
#pragma once

#include <cstdint>

namespace spinenet::kernels {

inline int64_t parts(int64_t n, int64_t size) {
  return (n + size - 1) / size;
}

inline int64_t rounded_up(int64_t n, int64_t multiple) {
  return parts(n, multiple) * multiple;
}

}  // namespace spinenet::kernels
