// Every sample of a search space is a network: it lowers, and the lowering joins the unused blocks that its canonical
// form says.
#include <map>

#include <gtest/gtest.h>

#include "arch/canonical.h"
#include "arch/families.h"
#include "arch/search_space.h"
#include "base/format.h"
#include "graph/cost.h"
#include "graph/lower.h"
#include "graph/test_programs.h"

namespace spinenet::graph {
namespace {

arch::Architecture architecture_of(const arch::ScalePermuted& backbone) {
  arch::Architecture a = arch::named_architecture("spinenet-49");
  a.backbone = backbone;
  return a;
}

// The operation of each output value.
std::vector<const Op*> writers(const Program& program) {
  std::vector<const Op*> ops(program.values.size(), nullptr);
  for (const Op& op : program.ops) ops[static_cast<size_t>(op.output)] = &op;
  return ops;
}

// Blocks that the fusion of each block takes as they are, without resampling.
std::vector<std::vector<int>> joined_in(const Program& program, size_t blocks) {
  const std::vector<const Op*> ops = writers(program);
  std::vector<std::vector<int>> joined(blocks);
  for (size_t i = arch::kStemBlocks; i < blocks; ++i) {
    for (const ValueId input : op_named(program, fmt::format("blocks.{}.fuse", i)).inputs) {
      const std::string& writer = ops[static_cast<size_t>(input)]->name;
      if (writer.starts_with("blocks.")) joined[i].push_back(std::stoi(writer.substr(7)));
    }
  }
  return joined;
}

// 20,000 of them here; search_space_bench draws 100,000 of a space.
TEST(LowerSamples, NeverFails) {
  for (const std::string& name : arch::search_space_names()) {
    const arch::SearchSpace space = arch::named_search_space(name);
    Random random(1);
    for (int i = 0; i < 5000; ++i) {
      const arch::Sample sample = arch::random_sample(space, random);
      const Program program = lower_backbone(architecture_of(sample.backbone), {.height = 128, .width = 128});
      ASSERT_EQ(program.outputs.size(), 5U) << arch::canonical_text(sample.backbone);
      ASSERT_GT(cost(program).multiply_adds, 0);
    }
  }
}

TEST(LowerSamples, JoinsTheUnusedBlocksOfTheCanonicalForm) {
  Random random(2);
  arch::SearchSpace space;
  space.kinds = {arch::BlockKind::bottleneck, arch::BlockKind::residual, arch::BlockKind::inverted_bottleneck};
  size_t found = 0;
  for (int i = 0; i < 1000; ++i) {
    const arch::ScalePermuted backbone = arch::random_sample(i % 2 == 0 ? arch::SearchSpace{} : space, random).backbone;
    arch::Architecture a = architecture_of(backbone);
    a.scaling.filter_size_scale = i % 2 == 0 ? 0.65 : 1.3;
    const auto joined =
        joined_in(lower_backbone(a, {.height = 128, .width = 128}), backbone.blocks.size() + arch::kStemBlocks);
    ASSERT_EQ(joined, arch::joined_unused_blocks(backbone));
    for (const auto& blocks : joined) found += blocks.size();
  }
  EXPECT_GT(found, 100U);
}

// Equal canonical texts stand for networks of equal cost: what a search relies on when it takes a measurement over.
TEST(LowerSamples, CostTheSameInEveryListing) {
  arch::SearchSpace space;
  space.intermediate_levels = {3, 3};
  space.output_levels = {3, 4};
  space.level_shifts = {0};
  std::map<std::string, Cost> costs;
  Random random(3);
  for (int i = 0; i < 2000; ++i) {
    const arch::ScalePermuted backbone = arch::random_sample(space, random).backbone;
    arch::Architecture a = architecture_of(backbone);
    a.max_level = 4;
    const Cost found = cost(lower_backbone(a, {.height = 32, .width = 32}));
    const Cost& first = costs.emplace(arch::canonical_text(backbone), found).first->second;
    ASSERT_EQ(first.parameters, found.parameters) << arch::canonical_text(backbone);
    ASSERT_EQ(first.multiply_adds, found.multiply_adds) << arch::canonical_text(backbone);
  }
  EXPECT_LT(costs.size(), 1700U);
}

}  // namespace
}  // namespace spinenet::graph
