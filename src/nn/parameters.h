// A Program's parameters as LibTorch tensors that are views of three flat buffers: trainable values, their gradients,
// and running statistics. Optimiser, clipping, moving average, all-reduce and checkpoint then work on whole buffers.
//
// Invariant: `values`, `gradients` and `statistics` are contiguous and 1-d; kernels (which weight decay applies to)
// stand first, values[0, kernels). views[i] is parameter i of the program; for a trainable one its .grad() is a view
// too.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "graph/program.h"
#include "nn/tensors.h"

namespace spinenet::nn {

struct Parameters {
  torch::Tensor values, gradients, statistics;
  int64_t kernels = 0;
  std::vector<torch::Tensor> views;
};

Parameters make_parameters(const graph::Program& program, const Weights& weights, torch::Device device);

// Several programs that are trained together (a trunk and its heads) share one set of buffers, made for
// parameters_of_all(programs) (graph/weights.h). The views of each program out of them; the buffers are the same.
std::vector<Parameters> parts_of(const Parameters& all, std::span<const graph::Program> programs);

// A number for each trainable value, [values.size]: that of its parameter.
torch::Tensor by_parameter(const graph::Program& program, const Parameters& all,
                           const std::function<double(const graph::Parameter&)>& number);

// The weights by name, trainable values taken from `values` (the live ones, or their moving average).
Weights weights_of(const graph::Program& program, const torch::Tensor& values, const torch::Tensor& statistics);

}  // namespace spinenet::nn
