#include <functional>

#include <gtest/gtest.h>

#include "arch/families.h"
#include "arch/search_space.h"
#include "base/error.h"

namespace spinenet::arch {
namespace {

ScalePermuted backbone_of(std::string_view name) {
  return std::get<ScalePermuted>(named_architecture(name).backbone);
}

std::string refusal(const SearchSpace& space, const ScalePermuted& backbone) {
  try {
    choices_of(space, backbone);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::bad_data);
    return error.what();
  }
  return "nothing was thrown";
}

TEST(ChoicesOf, NamesWhereTheBackboneCameFrom) {
  try {
    choices_of(named_search_space("r0-sp53"), backbone_of("spinenet-49"), "old.study: trial 7");
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("old.study: trial 7: "), std::string::npos) << error.what();
  }
}

// The published networks lie in the space that they were found in, window of five included.
TEST(ChoicesOf, FindsThePublishedNetworks) {
  for (const char* name : {"spinenet-49", "r0-sp53"}) {
    const SearchSpace space = named_search_space(name);
    EXPECT_EQ(replay(space, choices_of(space, backbone_of(name))).backbone, backbone_of(name));
  }
  const SearchSpace all = named_search_space("spinenet-49");
  EXPECT_EQ(replay(all, choices_of(all, backbone_of("r0-sp53"))).backbone, backbone_of("r0-sp53"));
}

TEST(ChoicesOf, MakesEverySampleAgain) {
  std::vector<SearchSpace> spaces;
  for (const std::string& name : search_space_names()) spaces.push_back(named_search_space(name));
  spaces.emplace_back();
  spaces.back().intermediate_levels = {2, 3, 4, 5, 6, 7, 7};
  spaces.back().output_levels = {5, 3, 4};
  spaces.back().level_shifts = {-5, -1, 3};
  spaces.back().kinds = {BlockKind::residual};
  spaces.back().parent_window = 2;
  spaces.emplace_back();
  spaces.back().intermediate_levels = {};
  spaces.back().output_levels = {3};
  spaces.back().connect = false;
  spaces.back().fixed_parents = {{1, 0}};
  spaces.emplace_back();
  spaces.back().max_parents = 4;
  spaces.back().widths = {0.5, 1, 2};
  for (const SearchSpace& space : spaces) {
    Random random(3);
    for (int i = 0; i < 2000; ++i) {
      const ScalePermuted backbone = random_sample(space, random).backbone;
      ASSERT_EQ(replay(space, choices_of(space, backbone)).backbone, backbone);
    }
  }
}

// A block of level 7 needs the slot of level 5, which the first block of level 5 would take.
TEST(ChoicesOf, GivesASlotUpForABlockThatNeedsIt) {
  SearchSpace space;
  space.intermediate_levels = {5, 4};
  space.output_levels = {3};
  const ScalePermuted backbone{{{5, BlockKind::residual, {0, 1}, false},
                                {7, BlockKind::residual, {0, 1}, false},
                                {3, BlockKind::residual, {0, 1}, true}}};
  EXPECT_EQ(choices_of(space, backbone), (Choices{1, 0, 0, 0, 1, 0, 1, 0, 1, 1, 2, 1, 1, 1}));
}

struct Refusal {
  const char* name;
  std::function<void(SearchSpace&, ScalePermuted&)> edit;  // of R0-SP53 and its space
  const char* message;
};

std::vector<Refusal> refusals() {
  using Blocks = ScalePermuted;
  return {
      {"OneBlockLess", [](SearchSpace&, Blocks& b) { b.blocks.pop_back(); },
       "backbone: has 14 blocks; this space has 10 intermediate blocks and 5 outputs"},
      {"OutputEarly", [](SearchSpace&, Blocks& b) { b.blocks[4].output = true; }, "block 6: is an output; this space"},
      {"OutputMissing", [](SearchSpace&, Blocks& b) { b.blocks[12].output = false; }, "block 14: is no output; this"},
      {"LevelWithoutSlot", [](SearchSpace&, Blocks& b) { b.blocks[4].level = 6; },
       "block 6: no slot is left that gives level 6; this space has slots of levels 2, 3, 3, 3, 4, 4, 4, 4, 4, 5 and"},
      {"LevelTakenUp", [](SearchSpace&, Blocks& b) { b.blocks[0].level = 5; },
       "block 8: no slot is left that gives level 5"},
      {"OutputLevel", [](SearchSpace&, Blocks& b) { b.blocks[12].level = 4; },
       "block 14: no slot is left that gives level 4; this space has slots of levels 3, 4, 5, 6, 7 and shifts 0"},
      {"ParentTooFarBack",
       [](SearchSpace&, Blocks& b) {
         b.blocks[6].parents = {2, 7};
       },
       "block 8: has parents 2 and 7; parents are among 3 to 7"},
      {"ParentLater",
       [](SearchSpace&, Blocks& b) {
         b.blocks[6].parents = {7, 8};
       },
       "block 8: has parents 7 and 8; parents are among 3 to 7"},
      {"ParentTwice",
       [](SearchSpace&, Blocks& b) {
         b.blocks[6].parents = {7, 7};
       },
       "block 8: has parents 7 and 7; parents are different blocks"},
      {"Kind", [](SearchSpace&, Blocks& b) { b.blocks[9].kind = BlockKind::residual; },
       "block 11: is a residual; all are bottleneck in this space"},
      {"OrderIsFixed",
       [](SearchSpace& s, Blocks& b) { s.permute = false, std::swap(b.blocks[0].level, b.blocks[1].level); },
       "block 2: no slot is left that gives level 3"},
      {"ParentsAreFixed",
       [](SearchSpace& s, Blocks&) {
         s.connect = false;
         s.fixed_parents.assign(15, {0, 1});
       },
       "block 4: has parents 2 and 3; this space fixes 0 and 1"},
  };
}

class Refusals : public testing::TestWithParam<Refusal> {};

TEST_P(Refusals, NameBlockAndRule) {
  SearchSpace space = named_search_space("r0-sp53");
  ScalePermuted backbone = backbone_of("r0-sp53");
  GetParam().edit(space, backbone);
  const std::string message = refusal(space, backbone);
  EXPECT_TRUE(message.starts_with(GetParam().message)) << message;
}

INSTANTIATE_TEST_SUITE_P(ChoicesOf, Refusals, testing::ValuesIn(refusals()),
                         [](const auto& refusal) { return refusal.param.name; });

TEST(ChoicesOf, RefusesSpineNet49WhereItDoesNotBelong) {
  EXPECT_TRUE(refusal(named_search_space("r0-sp53"), backbone_of("spinenet-49")).starts_with("block "));
  EXPECT_TRUE(refusal(named_search_space("hourglass"), backbone_of("r0-sp53")).starts_with("block "));
}

}  // namespace
}  // namespace spinenet::arch
