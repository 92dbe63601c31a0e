#include <algorithm>
#include <set>

#include <gtest/gtest.h>

#include "arch/search_space.h"
#include "base/error.h"

namespace spinenet::arch {
namespace {

// Parents in ascending order: what a mutation must change is more than their order.
ScalePermuted sorted_parents(ScalePermuted backbone) {
  for (BlockSpec& block : backbone.blocks) std::sort(block.parents.begin(), block.parents.end());
  return backbone;
}

SearchSpace small_space() {
  SearchSpace space;
  space.intermediate_levels = {2, 3, 3};
  space.output_levels = {4, 3};
  space.parent_window = 3;
  space.level_shifts = {-1, 0, 2};
  return space;
}

SearchSpace open_space() {
  SearchSpace space = small_space();
  space.max_parents = 4;
  space.widths = {0.5, 1};
  return space;
}

// Every sample of which one decision, with what the swap of a slot brings, differs from the parent's: found by trying
// all values at all places.
std::set<Choices> neighbours_by_trial(const SearchSpace& space, const Sample& parent) {
  std::set<Choices> found;
  const size_t blocks = parent.backbone.blocks.size();
  for (size_t place = 0; place < parent.choices.size(); ++place) {
    for (int value = -10; value < 20; ++value) {
      Choices changed = parent.choices;
      changed[place] = value;
      for (size_t other = 0; other < blocks && place < blocks; ++other) {
        const bool same_list = (other < space.intermediate_levels.size()) == (place < space.intermediate_levels.size());
        if (other != place && same_list && changed[other] == value) changed[other] = parent.choices[place];
      }
      try {
        const Sample sample = replay(space, changed);
        if (sorted_parents(sample.backbone) != sorted_parents(parent.backbone)) found.insert(changed);
      } catch (const Error&) {
        continue;  // not of this space
      }
    }
  }
  return found;
}

TEST(Neighbours, AreAllSamplesThatDifferInOneDecision) {
  for (const SearchSpace& space : {small_space(), open_space(), SearchSpace{}, named_search_space("hourglass")}) {
    Random random(5);
    for (int i = 0; i < 20; ++i) {
      const Sample parent = random_sample(space, random);
      const std::vector<Choices> list = neighbours(space, parent.choices);
      const std::set<Choices> set(list.begin(), list.end());
      EXPECT_EQ(set.size(), list.size());  // each once
      EXPECT_EQ(set, neighbours_by_trial(space, parent));
    }
  }
}

// Of a space with n neighbours the rarest is drawn with probability of at least 1 / (places * values): 70 * 15 at most.
TEST(Mutate, GivesEveryNeighbourAndNothingElse) {
  for (const auto& [space, draws] : {std::pair{small_space(), 4000}, {open_space(), 8000}, {SearchSpace{}, 40000}}) {
    Random random(6);
    for (int i = 0; i < 2; ++i) {
      const Sample parent = random_sample(space, random);
      const std::vector<Choices> list = neighbours(space, parent.choices);
      std::set<Choices> given;
      for (int draw = 0; draw < draws; ++draw) {
        const Sample child = mutate(space, parent.choices, random);
        ASSERT_NE(sorted_parents(child.backbone), sorted_parents(parent.backbone));
        ASSERT_EQ(child.backbone, replay(space, child.choices).backbone);
        given.insert(child.choices);
      }
      EXPECT_EQ(given, std::set<Choices>(list.begin(), list.end()));
    }
  }
}

// The way back from every neighbour is one mutation too.
TEST(Mutate, CanBeUndone) {
  const SearchSpace space = small_space();
  Random random(9);
  const Sample parent = random_sample(space, random);
  for (const Choices& neighbour : neighbours(space, parent.choices)) {
    const std::vector<Choices> back = neighbours(space, neighbour);
    EXPECT_NE(std::find(back.begin(), back.end(), parent.choices), back.end());
  }
}

TEST(Mutate, RefusesWhatItCannotChange) {
  SearchSpace space;
  space.intermediate_levels = {3};
  space.output_levels = {3};
  space.permute = false;
  space.connect = false;
  space.fixed_parents = {{0, 1}, {0, 2}};
  space.level_shifts = {0};
  space.kinds = {BlockKind::bottleneck};
  Random random(1);
  const Choices only = random_sample(space, random).choices;
  EXPECT_TRUE(neighbours(space, only).empty());
  EXPECT_THROW(mutate(space, only, random), Error);
  EXPECT_THROW(mutate(space, {}, random), Error);
  EXPECT_THROW(neighbours(space, {}), Error);
}

}  // namespace
}  // namespace spinenet::arch
