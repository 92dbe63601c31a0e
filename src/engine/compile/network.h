// What the engine makes of a Program: the same network in fewer, larger steps. Passes (engine/passes/) rewrite it from
// one node for each operation until most nodes are a convolution with all that follows it.
//
// Invariant (checked by verify_network): every value is written once and before it is read; the shapes fit.
// Thread contract: a plain value.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "base/tensor_view.h"
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
// - a bilinear upsampling and a slice of the channels are as a pool;
// - a gate is its second term times the first, channel by channel; it has no scale of its own;
// - a sum is on all terms; batch norms, activations and upsamplings that stand alone are sums of one term;
// - a concatenation is the channels of all terms, one after the other; it has neither scale nor activation.
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
struct AveragePoolWork {
  graph::AveragePool pool;
};
struct GlobalPoolWork {
  graph::PoolKind kind = graph::PoolKind::average;
};
struct BilinearWork {
  graph::BilinearUpsample upsample;
};
struct GateWork {};
struct SumWork {};
struct ConcatWork {};
struct SliceWork {
  graph::Slice slice;
};

using Work = std::variant<ConvWork, DeconvWork, PoolWork, AveragePoolWork, GlobalPoolWork, BilinearWork, GateWork,
                          SumWork, ConcatWork, SliceWork>;

struct Node {
  std::string name;
  Work work;
  std::vector<Term> inputs;
  std::vector<float> scale, shift;  // one for each channel; both empty: none
  kernels::EpilogueActivation activation = kernels::EpilogueActivation::none;
  int output = 0;
};

struct Network {
  std::vector<graph::Shape> values;   // values[0] is the input image
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

// What a kind of work allows its node, in one place for the passes and the checks.
struct WorkRules {
  size_t max_inputs = 1;
  bool scales = false;          // the node may have a scale and a shift
  bool activates = false;       // the node may have an activation
  bool enlarges = false;        // its terms may have a factor
  bool adds_inputs = false;     // inputs after the first are added to the output, element by element
  bool takes_residual = false;  // one of them, a residual behind the scale
};
WorkRules rules_of(const Work& work);

// The work as a convolution; null when it is another kind of work.
const ConvWork* as_convolution(const Node& node);
bool is_sum(const Node& node);

// A node that enlarges its input and does nothing else.
inline bool is_upsampling(const Node& node) {
  return is_sum(node) && node.inputs.size() == 1 && node.inputs[0].factor > 1 && node.scale.empty() &&
         node.activation == kernels::EpilogueActivation::none;
}

inline bool is_depthwise(const Node& node) {
  const ConvWork* work = as_convolution(node);
  return work != nullptr && work->conv.groups > 1;
}

// A convolution whose output channels see all input channels.
inline bool is_dense_convolution(const Node& node) {
  return as_convolution(node) != nullptr && !is_depthwise(node);
}

// One node for each operation; what is the identity in inference is gone. The weights fit the program.
Network make_network(const graph::Program& program, const WeightViews& weights);

// ErrorKind::failed that names the node at fault: a pass is wrong.
void verify_network(const Network& network);

// How often each value is read, outputs of the network included.
std::vector<int> count_uses(const Network& network);

}  // namespace spinenet::engine
