// Memory of the calling thread for what a piece of work computes on the way.
//
// Thread contract: each thread has its own. What a call gives is lost with the next call on the same thread.
#pragma once

#include <cstdint>

namespace spinenet::kernels {

// At least so many floats, from the start of a cache line on; not set to zero. It grows and is given back with the
// thread.
float* scratch(int64_t floats);

}  // namespace spinenet::kernels
