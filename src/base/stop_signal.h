// Ctrl-C, SIGTERM and SIGHUP (the terminal went) as a wish: the first one asks for a clean end, the second one ends the
// program at once. Signals within half a second are one wish: `timeout`, service managers and the launcher of several
// processes signal a process and its group, which reaches it twice.
//
// Thread contract: the number may be read by any thread.
#pragma once

#include <atomic>
#include <string_view>

#include "base/error.h"

namespace spinenet {

// From now on signals are wishes; 0 until there is one, then its number.
const std::atomic<int>& watch_stop_signals();
// The same number, also where nobody watches: then 0.
int received_stop_signal();

// An Error of its own, so that what was asked to end is told from what went wrong: the exit status is 128 and the
// signal, and no failure is written down.
class Stopped final : public Error {
 public:
  using Error::Error;
};
// Throws Stopped, "place: what". For what waits when the wish comes and has nothing to finish first.
[[noreturn]] void end_for_signal(std::string_view what, std::string_view place);

}  // namespace spinenet
