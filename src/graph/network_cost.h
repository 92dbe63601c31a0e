// What a whole network costs for one image, with the head of its task.
//
// Thread contract: pure functions.
#pragma once

#include <vector>

#include "arch/task.h"
#include "graph/cost.h"
#include "graph/lower.h"

namespace spinenet::graph {

// How often the heads of Mask R-CNN are counted for one image: on as many proposals and detections as they are given
// at most. This is how the published figures come about.
constexpr int kCountedProposals = 1000, kCountedDetections = 100;

struct CountedProgram {
  Program program;
  int64_t times = 1;  // for one image
};

// The programs of a task; the first one has the backbone.
std::vector<CountedProgram> counted_programs(const arch::Architecture& architecture, arch::Task task,
                                             const LowerOptions& options);

// The operations of all of them whose name begins with `prefix`.
Cost cost_of(const std::vector<CountedProgram>& programs, std::string_view prefix);

Cost network_cost(const arch::Architecture& architecture, arch::Task task, const LowerOptions& options);

}  // namespace spinenet::graph
