#include <algorithm>

#include "engine/compile/passes/passes.h"

namespace spinenet::engine {

void fuse_upsampling(Network& network) {
  std::vector<const Node*> writer(network.values.size(), nullptr);
  for (Node& node : network.nodes) {
    if (is_sum(node)) {
      for (Term& term : node.inputs) {
        const Node* before = writer[static_cast<size_t>(term.value)];
        if (before == nullptr || !is_upsampling(*before)) continue;
        term = {before->inputs[0].value, before->inputs[0].factor * term.factor};
      }
    }
    writer[static_cast<size_t>(node.output)] = &node;
  }
  const std::vector<int> uses = count_uses(network);
  std::erase_if(network.nodes, [&](const Node& node) { return uses[static_cast<size_t>(node.output)] == 0; });
}

}  // namespace spinenet::engine
