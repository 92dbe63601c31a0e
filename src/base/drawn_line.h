// A line that is drawn over and over on the terminal (base/progress.h) and the messages between (base/log.h): the next
// message takes the place of the line instead of standing behind it.
//
// Thread contract: may be called from any thread.
#pragma once

namespace spinenet {

// Whether such a line stands on the terminal that standard error is.
void set_drawn_line(bool stands);

}  // namespace spinenet
