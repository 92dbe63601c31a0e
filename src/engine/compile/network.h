// What the engine makes of a Program: the same network in fewer, larger steps. Passes (engine/passes/) rewrite it from
// one node for each operation until most nodes are a convolution with all that follows it.
//
// Invariant (checked by verify_network): every value is written once and before it is read; the shapes fit.
// Thread contract: a plain value.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "base/host_tensor.h"
#include "engine/quantize/quantization.h"
#include "graph/program.h"
#include "kernels/kernels.h"

namespace spinenet::engine {

// A value as a node reads it: each pixel `factor` times in both directions.
struct Term {
  int value = 0;
  int factor = 1;
};

// Each node computes activate(scale * work(first inputs) + shift + residual). The work of
// - a convolution is on the first term; a second one is the residual;
// - a transposed convolution is on its only term;
// - a pool, over windows or the whole map, is on its only term, and has neither scale nor activation;
// - a gate is its second term times the first, channel by channel; it has no scale of its own;
// - a sum is on all terms; batch norms, activations and upsamplings that stand alone are sums of one term.
struct ConvWork {
  graph::Conv conv;
  graph::ParameterId weight = 0;
};
struct DeconvWork {
  graph::Deconv deconv;
  graph::ParameterId weight = 0;
};
struct PoolWork {
  graph::MaxPool pool;
};
struct GlobalPoolWork {
  graph::PoolKind kind = graph::PoolKind::average;
};
struct GateWork {};
struct SumWork {};

struct Node {
  std::string name;
  std::variant<ConvWork, DeconvWork, PoolWork, GlobalPoolWork, GateWork, SumWork> work;
  std::vector<Term> inputs;
  std::vector<float> scale, shift;  // one for each channel; both empty: none
  kernels::EpilogueActivation activation = kernels::EpilogueActivation::none;
  int output = 0;
};

struct Network {
  std::vector<graph::Shape> values;   // values[0] is the input picture
  std::vector<Quantization> formats;  // of each value; empty: all are floats
  std::vector<Node> nodes;            // in an order of execution
  std::vector<graph::Output> outputs;
};

inline const graph::Shape& shape_of(const Network& network, int value) {
  return network.values[static_cast<size_t>(value)];
}

inline Quantization format_of(const Network& network, int value) {
  return network.formats.empty() ? Quantization{} : network.formats[static_cast<size_t>(value)];
}

// A node that enlarges its input and does nothing else.
inline bool is_upsampling(const Node& node) {
  return std::holds_alternative<SumWork>(node.work) && node.inputs.size() == 1 && node.inputs[0].factor > 1 &&
         node.scale.empty() && node.activation == kernels::EpilogueActivation::none;
}

inline bool is_depthwise(const Node& node) {
  const auto* conv = std::get_if<ConvWork>(&node.work);
  return conv != nullptr && conv->conv.groups > 1;
}

// One node for each operation; what is the identity in inference is gone. The weights fit the program.
Network make_network(const graph::Program& program, const Weights& weights);

// ErrorKind::failed that names the node at fault: a pass is wrong.
void verify_network(const Network& network);

// How often each value is read, outputs of the network included.
std::vector<int> count_uses(const Network& network);

}  // namespace spinenet::engine
