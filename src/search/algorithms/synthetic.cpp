#include "search/algorithms/synthetic.h"

#include <algorithm>
#include <cstdlib>
#include <variant>

#include "arch/families.h"
#include "base/error.h"

namespace spinenet::search {
namespace {

constexpr double kLevelRange = 5;   // levels 2 to 7
constexpr double kTrapShare = 0.8;  // what a block is worth with nothing right

std::vector<int> ordered(std::vector<int> parents) {
  std::ranges::sort(parents);
  return parents;
}

double nearness(const arch::BlockSpec& block, const arch::BlockSpec& target, int index) {
  const double level = std::abs(block.level - target.level) / kLevelRange;
  const std::vector<int> a = ordered(block.parents), b = ordered(target.parents);
  double apart = 0;
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) apart += std::abs(a[i] - b[i]);
  const double parents = a.size() == b.size() ? apart / static_cast<double>(a.size() * static_cast<size_t>(index)) : 1;
  const double kind = block.kind == target.kind ? 0 : 1;
  return 1 - (level + parents + kind) / 3;
}

double complete_pairs(const arch::BlockSpec& block, const arch::BlockSpec& target) {
  const bool place = block.level == target.level && block.kind == target.kind;
  const bool parents = ordered(block.parents) == ordered(target.parents);
  return (place + parents) / 2.0;
}

double trap(const arch::BlockSpec& block, const arch::BlockSpec& target) {
  int right = (block.level == target.level) + (block.kind == target.kind);
  for (const int parent : block.parents) right += std::ranges::count(target.parents, parent) > 0;
  const auto all = 2 + static_cast<int>(std::max(block.parents.size(), target.parents.size()));
  return right == all ? 1 : kTrapShare * (all - 1 - right) / (all - 1);
}

double block_score(SyntheticKind kind, const arch::BlockSpec& block, const arch::BlockSpec& target, int index) {
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
  return {kind, std::get<arch::ScalePermuted>(arch::named_architecture("spinenet-49").backbone)};
}

double score_of(const SyntheticObjective& objective, const arch::ScalePermuted& backbone) {
  const std::vector<arch::BlockSpec>&blocks = backbone.blocks, &target = objective.target.blocks;
  if (blocks.size() != target.size())
    fail(ErrorKind::usage, "has another number of blocks than the target", "backbone");
  double sum = 0;
  for (size_t k = 0; k < blocks.size(); ++k) {
    sum += block_score(objective.kind, blocks[k], target[k], static_cast<int>(k) + arch::kStemBlocks);
  }
  return sum / static_cast<double>(blocks.size());
}

}  // namespace spinenet::search
