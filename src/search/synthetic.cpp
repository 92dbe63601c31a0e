#include "search/synthetic.h"

#include <algorithm>
#include <cstdlib>
#include <variant>

#include "arch/families.h"
#include "base/error.h"

namespace spinenet {
namespace {

constexpr double kLevelRange = 5;   // levels 2 to 7
constexpr double kTrapShare = 0.8;  // what a block is worth with nothing right

std::array<int, 2> ordered(std::array<int, 2> parents) {
  std::ranges::sort(parents);
  return parents;
}

double nearness(const BlockSpec& block, const BlockSpec& target, int index) {
  const double level = std::abs(block.level - target.level) / kLevelRange;
  const std::array<int, 2> a = ordered(block.parents), b = ordered(target.parents);
  const double parents = (std::abs(a[0] - b[0]) + std::abs(a[1] - b[1])) / (2.0 * index);
  const double kind = block.kind == target.kind ? 0 : 1;
  return 1 - (level + parents + kind) / 3;
}

double complete_pairs(const BlockSpec& block, const BlockSpec& target) {
  const bool place = block.level == target.level && block.kind == target.kind;
  const bool parents = ordered(block.parents) == ordered(target.parents);
  return (place + parents) / 2.0;
}

double trap(const BlockSpec& block, const BlockSpec& target) {
  int right = (block.level == target.level) + (block.kind == target.kind);
  for (const int parent : block.parents) right += parent == target.parents[0] || parent == target.parents[1];
  return right == 4 ? 1 : kTrapShare * (3 - right) / 3;
}

double block_score(SyntheticKind kind, const BlockSpec& block, const BlockSpec& target, int index) {
  switch (kind) {
    case SyntheticKind::additive:
      return nearness(block, target, index);
    case SyntheticKind::epistatic:
      return complete_pairs(block, target);
    case SyntheticKind::deceptive:
      break;
  }
  return trap(block, target);
}

}  // namespace

SyntheticObjective spinenet_49_objective(SyntheticKind kind) {
  return {kind, std::get<ScalePermuted>(named_architecture("spinenet-49").backbone)};
}

double score_of(const SyntheticObjective& objective, const ScalePermuted& backbone) {
  const std::vector<BlockSpec>&blocks = backbone.blocks, &target = objective.target.blocks;
  if (blocks.size() != target.size())
    fail(ErrorKind::usage, "has another number of blocks than the target", "backbone");
  double sum = 0;
  for (size_t k = 0; k < blocks.size(); ++k) {
    sum += block_score(objective.kind, blocks[k], target[k], static_cast<int>(k) + kStemBlocks);
  }
  return sum / static_cast<double>(blocks.size());
}

}  // namespace spinenet
