// What a whole network costs for one picture, with the head of its task.
//
// Thread contract: a pure function.
#pragma once

#include "arch/task.h"
#include "graph/cost.h"
#include "graph/lower.h"

namespace spinenet {

Cost network_cost(const Architecture& architecture, Task task, const LowerOptions& options);

}  // namespace spinenet
