#include "engine/compile/passes/passes.h"

namespace spinenet::engine {
namespace {

bool is_pointwise(const Node& node) {
  const ConvWork* work = as_convolution(node);
  return work != nullptr && work->conv.kernel == 1 && work->conv.groups == 1 && work->conv.stride == 1 &&
         work->conv.pad_before == 0 && work->conv.pad_after == 0 && node.inputs.size() == 1;
}

}  // namespace

// The two nodes change places; the upsampling now writes what the convolution wrote.
void convolve_before_upsampling(Network& network) {
  const std::vector<int> uses = count_uses(network);
  std::vector<Node*> writer(network.values.size(), nullptr);
  for (Node& node : network.nodes) {
    Node* before = writer[static_cast<size_t>(node.inputs[0].value)];
    if (is_pointwise(node) && before != nullptr && is_upsampling(*before) &&
        uses[static_cast<size_t>(before->output)] == 1) {
      graph::Shape small = shape_of(network, before->inputs[0].value);
      small.channels = shape_of(network, node.output).channels;
      const int factor = before->inputs[0].factor;
      const int middle = before->output, output = node.output;
      network.values[static_cast<size_t>(middle)] = small;
      node.inputs[0].value = before->inputs[0].value;
      node.output = middle;
      std::swap(*before, node);
      node.inputs[0] = {middle, factor};
      node.output = output;
      writer[static_cast<size_t>(middle)] = before;
    }
    writer[static_cast<size_t>(node.output)] = &node;
  }
}

}  // namespace spinenet::engine
