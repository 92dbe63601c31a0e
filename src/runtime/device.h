// Another device than the processor, such as a GPU, as a function that the program hands in: this module and those
// below it include no LibTorch.
//
// Thread contract: what a DeviceForward gives may be called from one thread at a time.
#pragma once

#include <functional>
#include <string>

#include "graph/forward.h"
#include "graph/program.h"

namespace spinenet::runtime {

// Makes a network with its weights ready on `device` (cuda, cuda:N or auto). ErrorKind::unsupported when it is not
// there. For "auto" an empty Forward says that this machine has no such device: the engine runs the model then.
// An empty DeviceForward: this program has no other device.
using DeviceForward = std::function<graph::Forward(const graph::Program& program, const Weights& weights, int threads,
                                                   const std::string& device)>;

}  // namespace spinenet::runtime
