// Runs a Program with LibTorch: training with autograd, or inference, on CPU or GPU by the same code.
//
// Thread contract: forward in inference mode may run in several threads at once; training belongs to one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "base/enum_names.h"
#include "graph/program.h"
#include "nn/parameters.h"
#include "nn/sync_batch_norm.h"

namespace spinenet::nn {

enum class TrainingPrecision { fp32, bf16 };
constexpr auto names(TrainingPrecision) {
  using enum TrainingPrecision;
  return named<TrainingPrecision>({{fp32, "fp32"}, {bf16, "bf16"}});
}

// What looks on while a program runs; whoever wants the gradient of a value puts a hook on it. Nothing is then computed
// in place, and a sum behind a batch norm is an operation of its own.
struct Observer {
  // x: what `op` reads as its input `i`, by a tensor of its own, whose gradient is what comes back by way of `op`
  // alone.
  std::function<void(const graph::Op& op, size_t i, const torch::Tensor& x)> input;
  // y: what `op` writes. An activation that is computed together with the batch norm before it is told in its place.
  std::function<void(const graph::Op& op, const torch::Tensor& y)> output;
};

struct ForwardMode {
  bool training = false;
  // Of inference: batch norms normalise by their batch and update the running statistics, as they do in training.
  bool batch_statistics = false;
  TrainingPrecision precision =
      TrainingPrecision::fp32;            // of the convolutions and what lies between them; outputs are float32
  uint64_t drop_path_seed = 0;            // stochastic depth: one draw for each operation and sample
  int64_t first_sample = 0;               // number of the first sample within the global batch
  const AllReduce* all_reduce = nullptr;  // with several processes: synchronises batch norm
  // Names of running means whose batch norms normalise by their running statistics in training, too, and leave them as
  // they are.
  const std::set<std::string, std::less<>>* kept_statistics = nullptr;
  // The share of running statistics that a step keeps is at most this.
  double largest_momentum = 1;
  BatchRenorm renorm{};
  const Observer* observer = nullptr;
};

// x [N, 3, H, W] on the parameters' device. One tensor for each of the program's outputs. H and W may differ from those
// that the program was lowered for, as long as both sizes are multiples of the coarsest stride.
std::vector<torch::Tensor> forward(const graph::Program& program, const Parameters& parameters, const torch::Tensor& x,
                                   const ForwardMode& mode);

}  // namespace spinenet::nn
