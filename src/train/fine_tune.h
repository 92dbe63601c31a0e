// How a network that began with the weights of another one is trained on: parts that do not move, a lower learning rate
// for what was taken, batch norms that keep their statistics.
//
// Thread contract: free functions.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "nn/parameters.h"
#include "train/recipe.h"

namespace spinenet::train {

struct FineTuning {
  torch::Tensor rates{};                                 // of each value, times the learning rate; undefined: all are 1
  std::set<std::string, std::less<>> kept_statistics{};  // names of running means (nn::ForwardMode)
};

// `all`: the parameters of the whole network, which `parameters` holds; the frozen ones among these need no gradient
// from then on. `taken`: names of the tensors that init.weights gave.
// ErrorKind::usage where `frozen` names a part that is not there, or leaves nothing to train.
FineTuning fine_tune(const FineTuneRecipe& recipe, const graph::Program& all, nn::Parameters& parameters,
                     const std::vector<std::string>& taken);

// Whether it matters which tensors init.weights gave.
bool asks_what_was_taken(const FineTuneRecipe& recipe);

}  // namespace spinenet::train
