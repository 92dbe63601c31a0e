#include "engine/compile/passes/passes.h"

namespace spinenet::engine {
namespace {

// A batch norm or an activation: one term, as it is.
bool is_plain(const Node& node) {
  return is_sum(node) && node.inputs.size() == 1 && node.inputs[0].factor == 1;
}

// `after` may run in `before`'s epilogue: the epilogue has a place for it, and nothing comes behind the scale yet.
bool can_take(const Node& before, const Node& after) {
  const WorkRules rules = rules_of(before.work);
  if (!rules.activates || before.activation != kernels::EpilogueActivation::none) return false;
  const bool has_residual = rules.takes_residual && before.inputs.size() > 1;
  return (rules.scales && !has_residual) || after.scale.empty();
}

void take(Node& before, const Node& after) {
  if (before.scale.empty()) {
    before.scale = after.scale;
    before.shift = after.shift;
  } else {
    for (size_t c = 0; c < after.scale.size(); ++c) {
      before.scale[c] *= after.scale[c];
      before.shift[c] = before.shift[c] * after.scale[c] + after.shift[c];
    }
  }
  before.activation = after.activation;
  before.output = after.output;
}

}  // namespace

void fuse_affine(Network& network) {
  const std::vector<int> uses = count_uses(network);
  constexpr size_t kNone = static_cast<size_t>(-1);
  std::vector<size_t> writer(network.values.size(), kNone);  // value -> its node among `kept`
  std::vector<Node> kept;
  for (Node& node : network.nodes) {
    const auto input = static_cast<size_t>(node.inputs[0].value);
    const size_t before = writer[input];
    const auto output = static_cast<size_t>(node.output);
    if (is_plain(node) && before != kNone && uses[input] == 1 && can_take(kept[before], node)) {
      take(kept[before], node);
      writer[output] = before;
      continue;
    }
    writer[output] = kept.size();
    kept.push_back(std::move(node));
  }
  network.nodes = std::move(kept);
}

}  // namespace spinenet::engine
