#include "arch/canonical.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <set>

#include <gtest/gtest.h>

#include "arch/families.h"
#include "arch/search_space.h"
#include "base/error.h"

namespace spinenet::arch {
namespace {

ScalePermuted named_backbone(std::string_view name) {
  return std::get<ScalePermuted>(named_architecture(name).backbone);
}

// The blocks in another order: order[i] is the old number, stem included, of new block i.
ScalePermuted listed_as(const ScalePermuted& backbone, const std::vector<int>& order, Random& random) {
  std::vector<int> number(order.size());
  for (size_t i = 0; i < order.size(); ++i) number[static_cast<size_t>(order[i])] = static_cast<int>(i);
  ScalePermuted result;
  for (size_t i = kStemBlocks; i < order.size(); ++i) {
    BlockSpec block = backbone.blocks[static_cast<size_t>(order[i] - kStemBlocks)];
    for (int& parent : block.parents) parent = number[static_cast<size_t>(parent)];
    if (random.chance(0.5)) std::swap(block.parents[0], block.parents[1]);
    result.blocks.push_back(block);
  }
  return result;
}

std::vector<int> random_order(const ScalePermuted& backbone, Random& random) {
  std::vector<int> order{0, 1};
  std::vector<bool> placed(backbone.blocks.size() + kStemBlocks, false);
  placed[0] = placed[1] = true;
  while (order.size() < placed.size()) {
    const auto block = static_cast<size_t>(random.below(static_cast<int64_t>(backbone.blocks.size())));
    const std::vector<int>& parents = backbone.blocks[block].parents;
    const auto stands = [&](int parent) { return placed[static_cast<size_t>(parent)]; };
    if (placed[block + kStemBlocks] || !std::ranges::all_of(parents, stands)) continue;
    placed[block + kStemBlocks] = true;
    order.push_back(static_cast<int>(block) + kStemBlocks);
  }
  return order;
}

// Whether the listing in this order joins the same unused blocks.
bool joins_the_same(const ScalePermuted& backbone, const ScalePermuted& listed, const std::vector<int>& order) {
  const auto before = joined_unused_blocks(backbone), after = joined_unused_blocks(listed);
  for (size_t i = 0; i < order.size(); ++i) {
    std::set<int> joined;
    for (const int other : after[i]) joined.insert(order[static_cast<size_t>(other)]);
    const std::vector<int>& old = before[static_cast<size_t>(order[i])];
    if (joined != std::set<int>(old.begin(), old.end())) return false;
  }
  return true;
}

// Tries every numbering.
bool are_isomorphic(const ScalePermuted& a, const ScalePermuted& b) {
  if (a.blocks.size() != b.blocks.size()) return false;
  const auto a_joined = joined_unused_blocks(a), b_joined = joined_unused_blocks(b);
  std::vector<int> number(a.blocks.size() + kStemBlocks);  // in b, of each block of a
  std::iota(number.begin(), number.end(), 0);
  const auto numbers = [&](const auto& blocks) {
    std::set<int> result;
    for (const int block : blocks) result.insert(number[static_cast<size_t>(block)]);
    return result;
  };
  do {
    bool same = true;
    for (size_t i = kStemBlocks; same && i < number.size(); ++i) {
      const auto j = static_cast<size_t>(number[i]);
      const BlockSpec &x = a.blocks[i - kStemBlocks], &y = b.blocks[j - kStemBlocks];
      same = x.level == y.level && x.kind == y.kind && x.output == y.output &&
             numbers(x.parents) == std::set<int>(y.parents.begin(), y.parents.end()) &&
             numbers(a_joined[i]) == std::set<int>(b_joined[j].begin(), b_joined[j].end());
    }
    if (same) return true;
  } while (std::next_permutation(number.begin() + kStemBlocks, number.end()));
  return false;
}

TEST(JoinedUnusedBlocks, AreThoseOfThePublishedNetworks) {
  for (const auto& [name, target, unused] : {std::tuple{"spinenet-49", 14, 11}, {"r0-sp53", 13, 11}}) {
    std::vector<std::vector<int>> expected(17);
    expected[static_cast<size_t>(target)] = {unused};
    EXPECT_EQ(joined_unused_blocks(named_backbone(name)), expected) << name;
  }
}

TEST(CanonicalText, DescribesANetwork) {
  using enum BlockKind;
  const ScalePermuted backbone{{{4, residual, {1, 0}, false},
                                {3, bottleneck, {0, 1}, false},
                                {3, bottleneck, {2, 1}, true},
                                {4, residual, {3, 0}, true}}};
  // Block 3 has no child when block 4 is built, so it joins that; block 2 has one.
  EXPECT_EQ(canonical_text(backbone), "L3b(0,1) L4r(0,1) L3b(1,3+2)o L4r(0,2)o");
}

TEST(CanonicalText, IsTheSameForEveryListingOfANetwork) {
  Random random(1);
  int kept = 0, joining = 0;
  for (int i = 0; i < 3000; ++i) {
    const ScalePermuted backbone = random_sample({}, random).backbone;
    const std::vector<int> order = random_order(backbone, random);
    const ScalePermuted listed = listed_as(backbone, order, random);
    if (!joins_the_same(backbone, listed, order)) continue;
    ++kept;
    for (const auto& joined : joined_unused_blocks(backbone)) joining += joined.empty() ? 0 : 1;
    ASSERT_EQ(canonical_text(listed), canonical_text(backbone));
    ASSERT_EQ(canonical_hash(listed), canonical_hash(backbone));
  }
  EXPECT_GT(kept, 500);
  EXPECT_GT(joining, 100);
}

// The unused block 2 joins output 3 only when it is listed before it: two networks.
TEST(CanonicalText, TellsWhatUnusedBlocksJoin) {
  using enum BlockKind;
  const BlockSpec unused{3, residual, {0, 1}, false}, output{3, residual, {0, 1}, true};
  EXPECT_NE(canonical_text({{unused, output}}), canonical_text({{output, unused}}));
}

TEST(CanonicalText, ChangesWithWhatABlockIs) {
  Random random(2);
  for (int i = 0; i < 300; ++i) {
    const ScalePermuted backbone = random_sample({}, random).backbone;
    const std::string text = canonical_text(backbone);
    for (size_t k = 0; k < backbone.blocks.size(); ++k) {
      ScalePermuted changed = backbone;
      changed.blocks[k].level = changed.blocks[k].level == 7 ? 2 : changed.blocks[k].level + 1;
      ASSERT_NE(canonical_text(changed), text);
      changed = backbone;
      changed.blocks[k].kind =
          changed.blocks[k].kind == BlockKind::residual ? BlockKind::bottleneck : BlockKind::residual;
      ASSERT_NE(canonical_text(changed), text);
      changed = backbone;
      changed.blocks[k].output = !changed.blocks[k].output;
      ASSERT_NE(canonical_text(changed), text);
    }
  }
}

std::vector<SearchSpace> small_spaces() {
  SearchSpace plain;
  plain.intermediate_levels = {3, 3};
  plain.output_levels = {3, 4};
  plain.level_shifts = {0};
  plain.kinds = {BlockKind::residual};
  plain.parent_window = 0;
  SearchSpace three = plain;
  three.intermediate_levels = {3, 3, 4};
  SearchSpace kinds = plain;
  kinds.kinds = {BlockKind::residual, BlockKind::bottleneck};
  kinds.level_shifts = {0, 1};
  return {plain, three, kinds};
}

TEST(CanonicalText, AgreesWithTryingEveryNumbering) {
  int pairs = 0, same = 0;
  for (const SearchSpace& space : small_spaces()) {
    Random random(4);
    std::vector<ScalePermuted> backbones;
    std::vector<std::string> texts;
    for (int i = 0; i < 300; ++i) {
      const ScalePermuted backbone = random_sample(space, random).backbone;
      backbones.push_back(listed_as(backbone, random_order(backbone, random), random));
      texts.push_back(canonical_text(backbones.back()));
    }
    for (size_t i = 0; i < backbones.size(); ++i) {
      for (size_t j = 0; j <= i; ++j) {
        const bool isomorphic = are_isomorphic(backbones[i], backbones[j]);
        ASSERT_EQ(texts[i] == texts[j], isomorphic) << texts[i] << "\n" << texts[j];
        ++pairs;
        same += isomorphic ? 1 : 0;
      }
    }
  }
  EXPECT_GT(same, pairs / 200);
}

TEST(CanonicalHash, IsEqualExactlyWhereTheTextIs) {
  std::map<uint64_t, std::string> texts;
  std::set<std::string> networks;
  std::vector<SearchSpace> spaces = small_spaces();
  spaces.emplace_back();
  for (const SearchSpace& space : spaces) {
    Random random(5);
    for (int i = 0; i < 20000 / 4; ++i) {
      const ScalePermuted backbone = random_sample(space, random).backbone;
      const std::string text = canonical_text(backbone);
      const auto [found, fresh] = texts.emplace(canonical_hash(backbone), text);
      ASSERT_EQ(found->second, text);
      ASSERT_EQ(networks.insert(text).second, fresh);
    }
  }
  EXPECT_GT(networks.size(), 5000U);
  EXPECT_LT(networks.size(), 15000U);
}

// `nodes` equal blocks on the stem, and for each edge a block with two of them as parents.
ScalePermuted graph(int nodes, const std::vector<std::pair<int, int>>& edges) {
  ScalePermuted backbone;
  for (int i = 0; i < nodes; ++i) backbone.blocks.push_back({2, BlockKind::residual, {0, 1}, false});
  for (const auto& [a, b] : edges) backbone.blocks.push_back({4, BlockKind::residual, {a + 2, b + 2}, false});
  backbone.blocks.push_back({3, BlockKind::bottleneck, {0, 1}, true});
  return backbone;
}

// Every node has two edges in both, so no count of neighbours, however deep, tells them apart.
TEST(CanonicalText, TellsAHexagonFromTwoTriangles) {
  const ScalePermuted hexagon = graph(6, {{0, 1}, {1, 2}, {2, 3}, {3, 4}, {4, 5}, {5, 0}});
  const ScalePermuted triangles = graph(6, {{0, 1}, {1, 2}, {2, 0}, {3, 4}, {4, 5}, {5, 3}});
  EXPECT_NE(canonical_text(hexagon), canonical_text(triangles));
  Random random(6);
  for (const ScalePermuted& backbone : {hexagon, triangles}) {
    for (int i = 0; i < 20; ++i) {
      const ScalePermuted listed = listed_as(backbone, random_order(backbone, random), random);
      EXPECT_EQ(canonical_text(listed), canonical_text(backbone));
    }
  }
}

// 20 equal blocks, or 10 equal pairs, have more orders than can be tried.
TEST(CanonicalText, NeedsNotTryWhatIsSymmetric) {
  std::vector<std::pair<int, int>> pairs;
  for (int i = 0; i < 20; i += 2) pairs.emplace_back(i, i + 1);
  Random random(7);
  for (const ScalePermuted& backbone : {graph(20, {}), graph(20, pairs)}) {
    const ScalePermuted listed = listed_as(backbone, random_order(backbone, random), random);
    EXPECT_EQ(canonical_text(listed), canonical_text(backbone));
  }
}

TEST(CanonicalText, RefusesParentsThatAreNotEarlier) {
  for (const std::vector<int>& parents : std::vector<std::vector<int>>{{0, 2}, {-1, 0}, {1, 1}, {0}, {0, 1, 0}}) {
    ScalePermuted backbone;
    backbone.blocks.push_back({3, BlockKind::residual, parents, true});
    EXPECT_THROW(canonical_text(backbone), Error);
  }
}

TEST(CanonicalText, TellsWidthsAndFurtherParentsApart) {
  const auto text_of = [](std::vector<int> parents, double width) {
    ScalePermuted backbone;
    backbone.blocks.push_back({3, BlockKind::bottleneck, {0, 1}, false});
    backbone.blocks.push_back({3, BlockKind::residual, std::move(parents), true, width});
    return canonical_text(backbone);
  };
  const std::set<std::string> texts{text_of({1, 2}, 1), text_of({1, 2}, 0.5), text_of({1, 2}, 2),
                                    text_of({0, 1, 2}, 1)};
  EXPECT_EQ(texts.size(), 4U);
  EXPECT_EQ(text_of({0, 1, 2}, 1), text_of({2, 0, 1}, 1));
}

// An unused block joins the output of its own level only when it is as wide.
TEST(CanonicalText, JoinsUnusedBlocksOfTheSameWidth) {
  ScalePermuted backbone;
  backbone.blocks.push_back({3, BlockKind::bottleneck, {0, 1}, false, 0.5});
  backbone.blocks.push_back({3, BlockKind::bottleneck, {0, 1}, true, 1});
  EXPECT_TRUE(joined_unused_blocks(backbone)[3].empty());
  backbone.blocks[1].width = 0.5;
  EXPECT_EQ(joined_unused_blocks(backbone)[3], std::vector<int>{2});
}

}  // namespace
}  // namespace spinenet::arch
