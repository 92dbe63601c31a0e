// The terminal behind a descriptor.
//
// Thread contract: a function of the environment and the system.
#pragma once

namespace spinenet {

// How many letters fit on a line: as COLUMNS says, else as the terminal does; 80 where there is none.
int terminal_columns(int descriptor);

}  // namespace spinenet
