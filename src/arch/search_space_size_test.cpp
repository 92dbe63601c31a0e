#include <algorithm>
#include <cmath>
#include <set>

#include <gtest/gtest.h>

#include "arch/search_space.h"
#include "base/error.h"

namespace spinenet::arch {
namespace {

// The closed formulas for N = 15 blocks and 2 stem blocks, worked out with integers of any length in Python.
TEST(SizeOf, IsThatOfThePaperWithoutAWindow) {
  SearchSpace space;
  space.parent_window = 0;
  const SpaceSize size = size_of(space);
  EXPECT_EQ(size.permutations, "435456000");             // 10! 5!
  EXPECT_EQ(size.connections, "834966920275488000000");  // product of C(i, 2), i = 2..16
  EXPECT_EQ(size.level_shifts, "1048576");               // 4^10
  EXPECT_EQ(size.kinds, "32768");                        // 2^15
  EXPECT_EQ(size.total, "12492903838757739560999325794304000000000");
  EXPECT_NEAR(size.log10_total, 40.09666339710677, 1e-10);
}

TEST(SizeOf, CountsOnlyTheWindow) {
  const SpaceSize size = size_of(named_search_space("spinenet-49"));
  EXPECT_EQ(size.connections, "1062485424000000000");
  EXPECT_EQ(size.total, "15897070781839228211822592000000000000");
  const SpaceSize r0 = size_of(named_search_space("r0-sp53"));
  EXPECT_EQ(r0.level_shifts, "1");
  EXPECT_EQ(r0.kinds, "1");
  EXPECT_EQ(r0.total, "462665652793344000000000000");
  EXPECT_EQ(size_of(named_search_space("hourglass")).total, "1062485424000000000");
}

// Counts through all answers like an odometer: answers_ are those of this round, limits_ how many there were.
class EveryAnswer : public Chooser {
 public:
  size_t choose(const Decision& decision) override {
    if (asked_ == answers_.size()) answers_.push_back(0);
    limits_.resize(asked_);
    limits_.push_back(decision.options.size());
    return answers_[asked_++];
  }

  // False after the last round.
  bool next() {
    asked_ = 0;
    while (!answers_.empty() && answers_.back() + 1 == limits_[answers_.size() - 1]) answers_.pop_back();
    if (answers_.empty()) return false;
    ++answers_.back();
    return true;
  }

 private:
  std::vector<size_t> answers_, limits_;
  size_t asked_ = 0;
};

// Samples of the space, a pair of parents in both orders counted once.
size_t count_by_trial(const SearchSpace& space) {
  std::set<Choices> samples;
  EveryAnswer chooser;
  do {
    Choices choices = generate(space, chooser).choices;
    const size_t blocks = space.intermediate_levels.size() + space.output_levels.size();
    const auto more = static_cast<size_t>(space.max_parents - 2);
    const size_t further = 4 * blocks + space.intermediate_levels.size();
    for (size_t k = 0; k < blocks; ++k) {
      // All parents of a block in ascending order, in their places.
      std::vector<int*> places{&choices[blocks + 2 * k], &choices[blocks + 2 * k + 1]};
      for (size_t i = 0; i < more; ++i) places.push_back(&choices[further + k * more + i]);
      std::vector<int> parents;
      for (const int* place : places) parents.push_back(*place);
      std::ranges::sort(parents);
      for (size_t i = 0; i < places.size(); ++i) *places[i] = parents[i];
    }
    samples.insert(choices);
  } while (chooser.next());
  return samples.size();
}

SearchSpace space_of(std::vector<int> intermediates, std::vector<int> outputs, int window, size_t shifts,
                     size_t kinds) {
  SearchSpace space;
  space.intermediate_levels = std::move(intermediates);
  space.output_levels = std::move(outputs);
  space.parent_window = window;
  space.level_shifts.resize(shifts);
  space.kinds.resize(kinds);
  return space;
}

TEST(SizeOf, AgreesWithTryingEverySample) {
  std::vector<SearchSpace> spaces{
      space_of({3}, {3}, 0, 4, 2),          space_of({}, {3, 4, 5}, 0, 1, 2),  space_of({2, 3}, {3, 4}, 0, 1, 1),
      space_of({2, 3}, {3, 4}, 2, 2, 1),    space_of({2, 3, 3}, {5}, 2, 2, 1), space_of({2, 3, 3}, {5}, 3, 1, 2),
      space_of({2, 3, 4, 5}, {4}, 2, 1, 1), space_of({3, 3}, {3}, 5, 3, 2),
  };
  for (const auto& [parents, widths] : {std::pair{3, 1}, {4, 2}, {2, 3}}) {
    spaces.push_back(space_of({2, 3}, {3}, 3, 1, 1));
    spaces.back().max_parents = parents;
    for (int i = 1; i < widths; ++i) spaces.back().widths.push_back(1 + i);
  }
  for (const size_t i : {size_t{2}, size_t{3}, size_t{5}}) {
    spaces.push_back(spaces[i]);
    spaces.back().permute = false;
    spaces.push_back(spaces.back());
    spaces.back().connect = false;
    spaces.back().fixed_parents.assign(spaces[i].intermediate_levels.size() + spaces[i].output_levels.size(), {0, 1});
  }
  for (const SearchSpace& space : spaces) {
    const SpaceSize size = size_of(space);
    const size_t counted = count_by_trial(space);
    EXPECT_EQ(size.total, std::to_string(counted)) << to_text(space);
    EXPECT_NEAR(size.log10_total, std::log10(static_cast<double>(counted)), 1e-12);
    EXPECT_EQ(std::stod(size.permutations) * std::stod(size.connections) * std::stod(size.level_shifts) *
                  std::stod(size.kinds) * std::stod(size.widths),
              static_cast<double>(counted));
  }
}

TEST(SizeOf, RefusesABrokenSpace) {
  SearchSpace space;
  space.kinds.clear();
  EXPECT_THROW(size_of(space), Error);
}

}  // namespace
}  // namespace spinenet::arch
