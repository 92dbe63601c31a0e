#include "arch/search_space.h"

#include <algorithm>
#include <functional>
#include <map>
#include <set>

#include <gtest/gtest.h>

#include "arch/families.h"
#include "base/error.h"
#include "base/format.h"

namespace spinenet::arch {
namespace {

std::string message_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing was thrown";
}

Architecture architecture_of(const SearchSpace& space, const ScalePermuted& backbone) {
  Architecture a;
  a.name = "sample";
  a.backbone = backbone;
  a.min_level = *std::min_element(space.output_levels.begin(), space.output_levels.end());
  a.max_level = *std::max_element(space.output_levels.begin(), space.output_levels.end());
  return a;
}

SearchSpace small_space(std::vector<int> intermediates, std::vector<int> outputs, int window = 0) {
  SearchSpace space;
  space.intermediate_levels = std::move(intermediates);
  space.output_levels = std::move(outputs);
  space.level_shifts = {0};
  space.kinds = {BlockKind::bottleneck};
  space.parent_window = window;
  return space;
}

// Spaces that differ in every field.
std::map<std::string, SearchSpace> test_spaces() {
  std::map<std::string, SearchSpace> spaces;
  for (const std::string& name : search_space_names()) spaces[name] = named_search_space(name);
  spaces["three outputs"] = small_space({2, 5, 5, 7}, {4, 3, 5}, 2);
  spaces["three outputs"].level_shifts = {-5, 0, 3, 5};
  spaces["three outputs"].kinds = {BlockKind::residual, BlockKind::bottleneck};
  spaces["open"] = small_space({2, 4, 3}, {4, 3, 5}, 3);
  spaces["open"].max_parents = 4;
  spaces["open"].widths = {0.5, 1, 1.5};
  spaces["open"].kinds = {BlockKind::residual, BlockKind::bottleneck, BlockKind::inverted_bottleneck};
  spaces["no intermediates"] = small_space({}, {6, 7});
  spaces["fixed parents"] = small_space({4, 3}, {3, 4});
  spaces["fixed parents"].connect = false;
  spaces["fixed parents"].fixed_parents = {{1, 0}, {0, 1}, {0, 3}, {4, 2}};
  return spaces;
}

// Chooses by the bits of a counter, and keeps what it was asked.
class RecordingChooser : public Chooser {
 public:
  explicit RecordingChooser(size_t pattern) : pattern_(pattern) {}
  size_t choose(const Decision& decision) override {
    asked.emplace_back(decision.kind, decision.block);
    options.emplace_back(decision.options.begin(), decision.options.end());
    return (pattern_ * asked.size()) % decision.options.size();
  }

  std::vector<std::pair<DecisionKind, int>> asked;
  std::vector<std::vector<int>> options;

 private:
  size_t pattern_;
};

std::map<int, int> slots_of_levels(const SearchSpace& space) {
  std::map<int, int> count;
  for (const int level : space.intermediate_levels) ++count[level];
  for (const int level : space.output_levels) ++count[level];
  return count;
}

TEST(SearchSpaceNames, FindValidSpaces) {
  for (const std::string& name : search_space_names()) EXPECT_NO_THROW(validate(named_search_space(name))) << name;
  EXPECT_NE(message_of([] { named_search_space("spinenet49"); }).find("did you mean \"spinenet-49\"?"),
            std::string::npos);
  EXPECT_NE(message_of([] { named_search_space("darts"); }).find("use one of spinenet-49, r0-sp53"), std::string::npos);
}

// Table 1 of the paper, R0-SP53: all spaces have the blocks of a ResNet-50.
TEST(SearchSpaceNames, HaveTheBlocksOfR0Sp53) {
  for (const std::string& name : search_space_names()) {
    EXPECT_EQ(slots_of_levels(named_search_space(name)),
              (std::map<int, int>{{2, 1}, {3, 4}, {4, 6}, {5, 2}, {6, 1}, {7, 1}}))
        << name;
  }
}

// Table 8: 3L2 3L3 5L4 1L5 1L7 1L6 1L5 1L4 1L3 and 2L2 2L3 3L4 1L5 2L4 1L3 1L2 1L3 1L4 1L5 1L6 1L7 with the stem.
TEST(SearchSpaceNames, FixTheOrderOfHourglassAndFish) {
  const std::map<std::string, std::vector<int>> orders{{"hourglass", {2, 3, 3, 3, 4, 4, 4, 4, 4, 5, 7, 6, 5, 4, 3}},
                                                       {"fish", {3, 3, 4, 4, 4, 5, 4, 4, 3, 2, 3, 4, 5, 6, 7}}};
  for (const auto& [name, order] : orders) {
    Random random(1);
    std::vector<int> levels;
    for (const BlockSpec& block : random_sample(named_search_space(name), random).backbone.blocks) {
      levels.push_back(block.level);
    }
    EXPECT_EQ(levels, order);
  }
}

TEST(Generate, MakesValidArchitecturesWhateverIsChosen) {
  for (const auto& [name, space] : test_spaces()) {
    for (size_t pattern = 0; pattern < 300; ++pattern) {
      RecordingChooser chooser(pattern);
      const Sample sample = generate(space, chooser);
      ASSERT_NO_THROW(validate(architecture_of(space, sample.backbone))) << name << " " << pattern;
      ASSERT_EQ(sample.choices.size(), decision_count(space)) << name;
      for (size_t k = 0; k < sample.backbone.blocks.size(); ++k) {
        ASSERT_EQ(sample.backbone.blocks[k].output, k >= space.intermediate_levels.size()) << name;
      }
    }
  }
}

TEST(Generate, AsksInTheStatedOrder) {
  const SearchSpace space = small_space({2, 4}, {3});
  RecordingChooser chooser(1);
  generate(space, chooser);
  using enum DecisionKind;
  const std::vector<std::pair<DecisionKind, int>> asked{
      {intermediate_slot, 2}, {intermediate_slot, 3}, {output_slot, 4},  {first_parent, 2},  {second_parent, 2},
      {first_parent, 3},      {second_parent, 3},     {first_parent, 4}, {second_parent, 4}, {level_shift, 2},
      {level_shift, 3},       {block_kind, 2},        {block_kind, 3},   {block_kind, 4}};
  EXPECT_EQ(chooser.asked, asked);
}

TEST(Generate, AsksForWhatLiesBeyondThePaperAtTheEnd) {
  SearchSpace space = small_space({2}, {3});
  space.max_parents = 4;
  space.widths = {1, 2};
  RecordingChooser chooser(1);
  const Sample sample = generate(space, chooser);
  using enum DecisionKind;
  const std::vector<std::pair<DecisionKind, int>> asked{{block_kind, 3},  {more_parent, 2}, {more_parent, 2},
                                                        {more_parent, 3}, {more_parent, 3}, {block_width, 2},
                                                        {block_width, 3}};
  ASSERT_EQ(chooser.asked.size(), decision_count(space));
  EXPECT_TRUE(std::equal(asked.begin(), asked.end(), chooser.asked.end() - static_cast<std::ptrdiff_t>(asked.size())));
  // Block 2 has both stem blocks as parents: none is left. Block 3 has two of three.
  EXPECT_EQ(chooser.options[decision_count(space) - 6], std::vector<int>{kNoParent});
  EXPECT_EQ(chooser.options[decision_count(space) - 4].size(), 2U);
  for (size_t k = 0; k < 2; ++k) {
    const int width = sample.choices[decision_count(space) - 2 + k];
    EXPECT_EQ(sample.backbone.blocks[k].width, space.widths[static_cast<size_t>(width)]);
  }
  EXPECT_NE(sample.backbone.blocks[0].width, sample.backbone.blocks[1].width);
}

// The options that SpineNet's rules leave for block `block` of 2..16, of which 12..16 are outputs.
std::vector<int> expected_options(DecisionKind kind, int block, const Choices& made) {
  const bool output = block >= 12;
  std::vector<int> options;
  switch (kind) {
    case DecisionKind::intermediate_slot:
    case DecisionKind::output_slot:
      for (int slot = 0; slot < (output ? 5 : 10); ++slot) {
        const auto first = made.begin() + (output ? 10 : 0);
        if (std::find(first, made.end(), slot) == made.end()) options.push_back(slot);
      }
      return options;
    case DecisionKind::first_parent:
    case DecisionKind::second_parent:
      for (int parent = output ? 0 : std::max(block - 5, 0); parent < block; ++parent) {
        if (kind == DecisionKind::first_parent || parent != made.back()) options.push_back(parent);
      }
      return options;
    case DecisionKind::level_shift:
      return {-1, 0, 1, 2};
    case DecisionKind::block_kind:
      return {0, 1};
    case DecisionKind::more_parent:
    case DecisionKind::block_width:
      break;  // not asked in the paper's space
  }
  return options;
}

TEST(Generate, OffersWhatIsLeft) {
  for (size_t pattern = 0; pattern < 50; ++pattern) {
    RecordingChooser chooser(pattern);
    const Sample sample = generate(named_search_space("spinenet-49"), chooser);
    for (size_t i = 0; i < chooser.asked.size(); ++i) {
      const auto& [kind, block] = chooser.asked[i];
      const Choices made(sample.choices.begin(), sample.choices.begin() + static_cast<std::ptrdiff_t>(i));
      EXPECT_EQ(chooser.options[i], expected_options(kind, block, made)) << i;
    }
  }
}

TEST(Generate, ClampsLevels) {
  SearchSpace space = small_space({2, 7}, {3});
  space.permute = false;
  space.level_shifts = {-1, 3};
  const Sample low = replay(space, {0, 1, 0, 0, 1, 0, 1, 0, 1, -1, 3, 0, 0, 0});
  EXPECT_EQ(low.backbone.blocks[0].level, 2);
  EXPECT_EQ(low.backbone.blocks[1].level, 7);
  const Sample moved = replay(space, {0, 1, 0, 0, 1, 0, 1, 0, 1, 3, -1, 0, 0, 0});
  EXPECT_EQ(moved.backbone.blocks[0].level, 5);
  EXPECT_EQ(moved.backbone.blocks[1].level, 6);
}

TEST(Generate, RefusesAnAnswerThatIsNoOption) {
  class Wrong : public Chooser {
    size_t choose(const Decision& decision) override { return decision.options.size(); }
  } wrong;
  EXPECT_NE(message_of([&] { generate({}, wrong); }).find("block 2: option 10 of 10"), std::string::npos);
}

TEST(RandomSample, RepeatsWithItsSeed) {
  for (const auto& [name, space] : test_spaces()) {
    Random one(7), same(7), other(8);
    const Sample sample = random_sample(space, one);
    EXPECT_EQ(sample.backbone, random_sample(space, same).backbone) << name;
    if (space.connect && space.intermediate_levels.size() > 3) {
      EXPECT_NE(sample.choices, random_sample(space, other).choices) << name;
    }
  }
}

// Chi-squared over the pairs of the third block (6 ordered, so 3 sets): 99.9 % quantile of 2 degrees of freedom, 13.8.
TEST(RandomSample, DrawsPairsOfParentsUniformly) {
  const SearchSpace space = small_space({3, 3}, {3});
  Random random(3);
  std::map<std::set<int>, int> count;
  const int draws = 6000;
  for (int i = 0; i < draws; ++i) {
    const std::vector<int> pair = random_sample(space, random).backbone.blocks[1].parents;
    ++count[{pair.begin(), pair.end()}];
  }
  ASSERT_EQ(count.size(), 3U);
  double chi_squared = 0;
  for (const auto& [pair, n] : count) chi_squared += (n - draws / 3.0) * (n - draws / 3.0) / (draws / 3.0);
  EXPECT_LT(chi_squared, 13.8);
}

TEST(Replay, GivesTheSampleBack) {
  for (const auto& [name, space] : test_spaces()) {
    Random random(11);
    for (int i = 0; i < 200; ++i) {
      const Sample sample = random_sample(space, random);
      const Sample again = replay(space, sample.choices);
      ASSERT_EQ(again.backbone, sample.backbone) << name;
      ASSERT_EQ(again.choices, sample.choices) << name;
    }
  }
}

TEST(Replay, RefusesChoicesOfAnotherSpace) {
  const SearchSpace space = named_search_space("spinenet-49");
  Random random(2);
  const Choices choices = random_sample(space, random).choices;
  for (size_t place = 0; place < choices.size(); ++place) {
    for (const int value : {-100, 100}) {
      Choices wrong = choices;
      wrong[place] = value;
      const std::string message = message_of([&] { replay(space, wrong); });
      EXPECT_NE(message.find(fmt::format("is {}; this space has", value)), std::string::npos) << message;
    }
  }
  Choices twice = choices;
  twice[1] = twice[0];
  EXPECT_NE(message_of([&] { replay(space, twice); }).find("choices, block 3: slot is"), std::string::npos);
  Choices long_one = choices;
  long_one.push_back(0);
  EXPECT_NE(message_of([&] { replay(space, long_one); }).find("there are 71; this space has 70"), std::string::npos);
  EXPECT_THROW(replay(space, {}), Error);
  EXPECT_THROW(replay(named_search_space("r0-sp53"), choices), Error);
}

struct BrokenSpace {
  const char* name;
  std::function<void(SearchSpace&)> edit;
  const char* words;
};

std::vector<BrokenSpace> broken_spaces() {
  return {
      {"SlotTooFine", [](SearchSpace& s) { s.intermediate_levels[3] = 1; }, "slot has level 1; levels go from 2 to 7"},
      {"SlotTooCoarse", [](SearchSpace& s) { s.intermediate_levels[3] = 8; }, "slot has level 8"},
      {"TooManySlots", [](SearchSpace& s) { s.intermediate_levels.assign(1000, 3); }, "more than 1000 blocks"},
      {"NoOutputs", [](SearchSpace& s) { s.output_levels.clear(); }, "no output slots"},
      {"OutputTooFine", [](SearchSpace& s) { s.output_levels[0] = 2; }, "outside 3 to 7"},
      {"OutputTooCoarse", [](SearchSpace& s) { s.output_levels[0] = 8; }, "outside 3 to 7"},
      {"OutputTwice", [](SearchSpace& s) { s.output_levels[0] = 4; }, "two output slots"},
      {"OutputGap",
       [](SearchSpace& s) {
         s.output_levels = {3, 5};
       },
       "a level between outputs has none"},
      {"WindowOfOne", [](SearchSpace& s) { s.parent_window = 1; }, "parent_window is 1"},
      {"WindowNegative", [](SearchSpace& s) { s.parent_window = -1; }, "parent_window is -1"},
      {"ParentsUnasked", [](SearchSpace& s) { s.fixed_parents.resize(15); }, "fixed_parents, but connections"},
      {"ParentsMissing", [](SearchSpace& s) { s.connect = false; }, "0 fixed_parents for 15 blocks"},
      {"ParentsTwice",
       [](SearchSpace& s) {
         s.connect = false;
         s.fixed_parents.assign(15, {1, 1});
       },
       "block 2 has the fixed parents 1 and 1"},
      {"ParentLater",
       [](SearchSpace& s) {
         s.connect = false;
         s.fixed_parents.assign(15, {0, 1});
         s.fixed_parents[4] = {0, 6};
       },
       "block 6 has the fixed parents 0 and 6"},
      {"NoShift", [](SearchSpace& s) { s.level_shifts.clear(); }, "level_shifts"},
      {"ShiftTwice",
       [](SearchSpace& s) {
         s.level_shifts = {0, 0};
       },
       "level_shifts"},
      {"ShiftsDescend",
       [](SearchSpace& s) {
         s.level_shifts = {1, 0};
       },
       "level_shifts"},
      {"ShiftTooFar",
       [](SearchSpace& s) {
         s.level_shifts = {0, 6};
       },
       "out of range"},
      {"NoKind", [](SearchSpace& s) { s.kinds.clear(); }, "kinds"},
      {"TooManyParents", [](SearchSpace& s) { s.max_parents = 5; }, "max_parents is out of range"},
      {"OneParent", [](SearchSpace& s) { s.max_parents = 1; }, "max_parents is out of range"},
      {"MoreParentsThanFixed",
       [](SearchSpace& s) {
         s.connect = false;
         s.fixed_parents.assign(15, {0, 1});
         s.max_parents = 3;
       },
       "max_parents, but connections are fixed"},
      {"NoWidth", [](SearchSpace& s) { s.widths.clear(); }, "widths are none"},
      {"WidthTooSmall",
       [](SearchSpace& s) {
         s.widths = {0.01, 1};
       },
       "width is out of range"},
      {"WidthsDescend",
       [](SearchSpace& s) {
         s.widths = {1, 0.5};
       },
       "widths are none or do not ascend"},
      {"KindTwice", [](SearchSpace& s) { s.kinds.assign(2, BlockKind::residual); }, "kinds"},
  };
}

class BrokenSpaces : public testing::TestWithParam<BrokenSpace> {};

TEST_P(BrokenSpaces, AreRefused) {
  SearchSpace space;
  GetParam().edit(space);
  const std::string message = message_of([&] { validate(space); });
  EXPECT_TRUE(message.starts_with("search space: ")) << message;
  EXPECT_NE(message.find(GetParam().words), std::string::npos) << message;
  Random random(1);
  EXPECT_THROW(random_sample(space, random), Error);
}

INSTANTIATE_TEST_SUITE_P(Spaces, BrokenSpaces, testing::ValuesIn(broken_spaces()),
                         [](const auto& broken) { return broken.param.name; });

TEST(SpaceText, ReadsBackAndTellsSpacesApart) {
  std::set<uint64_t> hashes;
  for (const auto& [name, space] : test_spaces()) {
    SearchSpace read;
    read_yaml(to_text(space), "space", read);
    EXPECT_EQ(read, space) << name;
    EXPECT_EQ(hash_of_space(read), hash_of_space(space));
    hashes.insert(hash_of_space(space));
  }
  EXPECT_EQ(hashes.size(), test_spaces().size());
}

}  // namespace
}  // namespace spinenet::arch
