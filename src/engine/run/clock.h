// The time that measurements of steps and runs are taken with.
//
// Thread contract: a pure function of the machine's clock.
#pragma once

#include <chrono>

namespace spinenet::engine {

// Seconds since some moment in the past, which only grow.
inline double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace spinenet::engine
