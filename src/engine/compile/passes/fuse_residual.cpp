#include <algorithm>

#include "engine/compile/passes/passes.h"

namespace spinenet::engine {
namespace {

constexpr size_t kNone = static_cast<size_t>(-1);

// The later of the two convolutions that a sum could become, as an index into its terms; kNone if there is none. Being
// the later one, it finds the other term written.
size_t mergeable_term(const Network& network, const Node& sum, const std::vector<int>& uses,
                      const std::vector<size_t>& writer) {
  if (!is_sum(sum) || sum.inputs.size() != 2 || !sum.scale.empty()) return kNone;
  const auto writer_of = [&](const Term& term) { return writer[static_cast<size_t>(term.value)]; };
  const auto place = [&](const Term& term) { return writer_of(term) == kNone ? 0 : writer_of(term) + 1; };
  const size_t later = place(sum.inputs[0]) > place(sum.inputs[1]) ? 0 : 1;
  const Term& term = sum.inputs[later];
  if (writer_of(term) == kNone || term.factor != 1 || uses[static_cast<size_t>(term.value)] != 1) return kNone;
  const Node& before = network.nodes[writer_of(term)];
  const bool fits = rules_of(before.work).takes_residual && before.inputs.size() == 1 &&
                    before.activation == kernels::EpilogueActivation::none;
  return fits ? later : kNone;
}

}  // namespace

void fuse_residual(Network& network) {
  const std::vector<int> uses = count_uses(network);
  std::vector<size_t> writer(network.values.size(), kNone);
  std::vector<char> gone(network.nodes.size(), 0);
  for (size_t i = 0; i < network.nodes.size(); ++i) {
    Node& node = network.nodes[i];
    writer[static_cast<size_t>(node.output)] = i;
    const size_t term = mergeable_term(network, node, uses, writer);
    if (term == kNone) continue;
    const size_t before = writer[static_cast<size_t>(node.inputs[term].value)];
    Node& conv = network.nodes[before];
    conv.inputs.push_back(node.inputs[1 - term]);
    conv.activation = node.activation;
    conv.output = node.output;
    writer[static_cast<size_t>(node.output)] = before;
    gone[i] = 1;
  }
  size_t kept = 0;
  for (size_t i = 0; i < network.nodes.size(); ++i) {
    if (gone[i] == 0 && kept++ != i) network.nodes[kept - 1] = std::move(network.nodes[i]);
  }
  network.nodes.resize(kept);
}

}  // namespace spinenet::engine
