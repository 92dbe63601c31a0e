// The drawing of an architecture, as the paper's figures show it: blocks from left to right in the order in which they
// are computed, each at the height of its level; taller where the map is larger, wider where it has more channels.
// Connections are curves; the outputs carry P3..P7. Readable in light and dark.
//
// Thread contract: a pure function. Source: SpineNet, Figures 1 and 4; FPN, Figure 3.
#pragma once

#include <string>

#include "arch/task.h"
#include "graph/lower.h"

namespace spinenet::plot {

// One <svg> text. The task, the size and the number of classes in `options` are those of the cost in the title.
std::string architecture_svg(const arch::Architecture& architecture, arch::Task task,
                             const graph::LowerOptions& options);
// For the task that is the network's own.
std::string architecture_svg(const arch::Architecture& architecture, const graph::LowerOptions& options);

}  // namespace spinenet::plot
