// LibTorch as a way to run a Program in inference mode. No LibTorch type shows, so that any module may include it.
//
// Thread contract: the returned function may be called from one thread at a time.
#pragma once

#include <string>

#include "graph/forward.h"
#include "graph/program.h"

namespace spinenet::nn {

// `device`: "cpu", "cuda" or "auto" (a GPU where there is one). ErrorKind::unsupported when it is not there.
graph::Forward torch_forward(const graph::Program& program, const Weights& weights, int threads,
                             const std::string& device = "cpu");

// Whether "auto" means a GPU here.
bool torch_finds_gpu();

// LibTorch's version, its threads and GPUs, one line each: for `spinenet checks`.
std::vector<std::pair<std::string, std::string>> torch_facts();

}  // namespace spinenet::nn
