// The fastest way that this build has to run a network: the engine on the CPU, LibTorch on a GPU.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "graph/forward.h"
#include "graph/program.h"

namespace spinenet::cli {

// `device`: cpu, cuda, cuda:N or auto. ErrorKind::unsupported when this build or machine has not got it.
graph::Forward make_forward(const graph::Program& program, const Weights& weights, int threads,
                            const std::string& device);

// Whether that is the engine.
bool engine_runs(const std::string& device);

// What runs networks here, for `spinenet checks`: name and value.
std::vector<std::pair<std::string, std::string>> forward_facts();

}  // namespace spinenet::cli
