// In the child of a fork no thread is left but the one that forked, and a lock that another one held is held for ever.
// What has threads or locks remembers this count and sees by another one that it is in a child, where it starts afresh
// instead of waiting.
//
// Thread contract: from any thread.
#pragma once

#include <cstdint>

namespace spinenet {

// Forks in this line of processes since the first of them loaded this code; cheap. std::bad_alloc where the system
// cannot count.
uint32_t fork_count();

}  // namespace spinenet
