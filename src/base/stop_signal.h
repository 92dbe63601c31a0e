// Ctrl-C, SIGTERM and SIGHUP (the terminal went) as a wish: the first one asks for a clean end, the second one ends the
// program at once.
//
// Thread contract: the number may be read by any thread.
#pragma once

#include <atomic>

namespace spinenet {

// From now on signals are wishes; 0 until there is one, then its number.
const std::atomic<int>& watch_stop_signals();

}  // namespace spinenet
