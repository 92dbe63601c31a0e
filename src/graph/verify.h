// Proves the invariant of program.h; run after every lowering and every pass.
#pragma once

#include "graph/program.h"

namespace spinenet::graph {

// ErrorKind::bad_data that names the operation, value or parameter at fault.
void verify(const Program& program);

}  // namespace spinenet::graph
