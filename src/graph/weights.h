// First values of a Program's parameters, and the check that weights from a file fit it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/enum_names.h"
#include "base/tensor_view.h"
#include "graph/program.h"

namespace spinenet::graph {

enum class KernelInit {
  variance_scaling,  // truncated normal, variance 1 / fan_in: the published setting
  kaiming,           // normal, variance 2 / fan_out
};
constexpr auto names(KernelInit) {
  using enum KernelInit;
  return named<KernelInit>({{variance_scaling, "variance_scaling"}, {kaiming, "kaiming"}});
}

struct InitOptions {
  KernelInit kernel = KernelInit::variance_scaling;
  // Published networks begin with 1 in both. From scratch and with few steps, less is better (docs/results.md): at 0
  // every block is the identity at first; below 1 each block leans on its shallower parent, so that the network is
  // shallow at first.
  double residual_norm_weight = 0;
  double deeper_norm_weight = 0.2;
  // Of NAS-FPN, whose cells follow each other without a path around them: merges that begin as the identity with a
  // tenth of the usual noise, and batch norms whose values are mostly above 0, so that an activation passes them on.
  bool merge_identity = true;
  double merge_norm_bias = 1.5;
  double predictor_deviation = 1e-5;  // of the last layer's kernels in the heads
  double prior = 0.01;                // first probability of every class, and of an object in each anchor cell of YOLO
};

// The same seed gives the same bits on every machine: each parameter has its own generator, forked by its name.
Weights initial_weights(const Program& program, const InitOptions& options, uint64_t seed);

// Several programs that belong together (a trunk and its heads) as one without operations that has all their
// parameters, one program after the other. Their names must differ.
Program parameters_of_all(std::span<const Program> programs);
// What the program needs of all the weights, which have it.
Weights own_weights(const Program& program, const Weights& all);
WeightViews own_weights(const Program& program, const WeightViews& all);

// Every missing, extra and wrong-shape tensor, one line each; empty when the weights fit.
std::vector<std::string> mismatches(const Program& program, const WeightViews& weights);
std::vector<std::string> mismatches(const Program& program, const Weights& weights);
// ErrorKind::bad_data with the first of them.
void check_weights(const Program& program, const WeightViews& weights, std::string_view place);
void check_weights(const Program& program, const Weights& weights, std::string_view place);

}  // namespace spinenet::graph
