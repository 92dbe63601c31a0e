// The networks of a task as Programs, with the names under which Python knows them.
//
// Thread contract: pure functions; they need no lock of Python's.
#pragma once

#include <string>
#include <vector>

#include "arch/task.h"
#include "graph/program.h"

namespace spinenet::python {

struct NetworkOptions {
  std::string task;  // a name of arch::Task, or "features": the backbone alone
  int image_size = 640;
  int classes = 91;
  double stochastic_depth = 0;
};

struct Network {
  std::string name;  // "network"; of a task segment "trunk", "box_head", "box_head2" .., "mask_head"
  graph::Program program;
};

// Side of the input: of anything with levels the image size rounded up to where all of them meet.
int input_side(const arch::Architecture& architecture, const NetworkOptions& options);
// ErrorKind::usage for a task that the architecture cannot do, and for numbers out of range.
std::vector<Network> lower_networks(const arch::Architecture& architecture, const NetworkOptions& options);
// All their parameters, without operations.
graph::Program parameters_of(const std::vector<Network>& networks);

}  // namespace spinenet::python
