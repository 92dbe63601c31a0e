#include "search/algorithms/synthetic.h"

#include <algorithm>
#include <set>

#include <gtest/gtest.h>

#include "arch/search_space.h"
#include "base/error.h"

namespace spinenet::search {
namespace {

constexpr std::array kKinds{SyntheticKind::additive, SyntheticKind::epistatic, SyntheticKind::deceptive};

const arch::SearchSpace& synthetic_space() {
  static const arch::SearchSpace value = arch::named_search_space("spinenet-49");
  return value;
}

arch::ScalePermuted drawn_choices(uint64_t seed) {
  Random random(seed);
  return arch::random_sample(synthetic_space(), random).backbone;
}

class Synthetic : public testing::TestWithParam<SyntheticKind> {};

TEST_P(Synthetic, HasItsOptimumInTheSpace) {
  const SyntheticObjective objective = spinenet_49_objective(GetParam());
  const arch::Choices choices = arch::choices_of(synthetic_space(), objective.target);
  EXPECT_EQ(score_of(objective, arch::replay(synthetic_space(), choices).backbone), 1);
}

TEST_P(Synthetic, GivesTheTargetOneAndAllElseLess) {
  for (uint64_t seed = 0; seed < 5; ++seed) {
    const SyntheticObjective objective{GetParam(), drawn_choices(seed)};
    EXPECT_EQ(score_of(objective, objective.target), 1);
    for (const arch::Choices& other :
         arch::neighbours(synthetic_space(), arch::choices_of(synthetic_space(), objective.target))) {
      EXPECT_LT(score_of(objective, arch::replay(synthetic_space(), other).backbone), 1);
    }
    for (uint64_t other = 100; other < 300; ++other) {
      const double score = score_of(objective, drawn_choices(other));
      EXPECT_GE(score, 0);
      EXPECT_LT(score, 1);
    }
  }
}

// All samples of a space of two intermediate blocks and one output.
class Everything : public arch::Chooser {
 public:
  size_t choose(const arch::Decision& decision) override {
    if (position_ == path_.size()) path_.push_back({0, decision.options.size()});
    return path_[position_++].first;
  }
  bool next() {
    position_ = 0;
    while (!path_.empty() && path_.back().first + 1 == path_.back().second) path_.pop_back();
    if (path_.empty()) return false;
    ++path_.back().first;
    return true;
  }

 private:
  std::vector<std::pair<size_t, size_t>> path_;
  size_t position_ = 0;
};

std::vector<int> ordered(std::vector<int> parents) {
  std::ranges::sort(parents);
  return parents;
}

bool same_network(const arch::ScalePermuted& a, const arch::ScalePermuted& b) {
  return std::ranges::equal(a.blocks, b.blocks, [](const arch::BlockSpec& x, const arch::BlockSpec& y) {
    return x.level == y.level && x.kind == y.kind && ordered(x.parents) == ordered(y.parents);
  });
}

TEST_P(Synthetic, HasOneOptimumInAWholeSmallSpace) {
  arch::SearchSpace small;
  small.intermediate_levels = {2, 4};
  small.output_levels = {3};
  small.level_shifts = {0, 1};
  validate(small);
  Random random(4);
  const SyntheticObjective objective{GetParam(), arch::random_sample(small, random).backbone};
  Everything everything;
  int64_t samples = 0, best = 0;
  do {
    const arch::Sample sample = arch::generate(small, everything);
    const double score = score_of(objective, sample.backbone);
    EXPECT_EQ(score == 1, same_network(sample.backbone, objective.target));
    ++samples;
    best += score == 1;
  } while (everything.next());
  EXPECT_EQ(samples, 2 * 2 * 6 * 12 * 4 * 8);
  EXPECT_GT(best, 0);
  EXPECT_LT(best, samples / 100);
}

INSTANTIATE_TEST_SUITE_P(, Synthetic, testing::ValuesIn(kKinds),
                         [](const auto& test) { return std::string(name_of(test.param)); });

TEST(SyntheticAdditive, PaysForEveryRightDecision) {
  const SyntheticObjective objective = spinenet_49_objective(SyntheticKind::additive);
  arch::ScalePermuted backbone = objective.target;
  backbone.blocks[4].level = 7;  // 6 in SpineNet-49
  const double one = score_of(objective, backbone);
  EXPECT_DOUBLE_EQ(one, 1 - 1.0 / 5 / 3 / 15);
  backbone.blocks[4].level = 4;
  EXPECT_DOUBLE_EQ(score_of(objective, backbone), 1 - 2.0 / 5 / 3 / 15);
  backbone.blocks[4].kind = arch::BlockKind::bottleneck;  // residual in SpineNet-49
  EXPECT_DOUBLE_EQ(score_of(objective, backbone), 1 - (2.0 / 5 + 1) / 3 / 15);
  backbone.blocks[4].parents = {5, 3};  // as in SpineNet-49, in another order
  EXPECT_DOUBLE_EQ(score_of(objective, backbone), 1 - (2.0 / 5 + 1) / 3 / 15);
}

TEST(SyntheticEpistatic, PaysNothingForHalfAPair) {
  const SyntheticObjective objective = spinenet_49_objective(SyntheticKind::epistatic);
  arch::ScalePermuted backbone = objective.target;
  arch::BlockSpec& block = backbone.blocks[4];
  block.level = 7;
  EXPECT_DOUBLE_EQ(score_of(objective, backbone), 29.0 / 30);
  block.kind = arch::BlockKind::bottleneck;  // the other half of the pair: wrong too, and no worse
  EXPECT_DOUBLE_EQ(score_of(objective, backbone), 29.0 / 30);
  block.parents = {0, 5};
  EXPECT_DOUBLE_EQ(score_of(objective, backbone), 28.0 / 30);
  block.parents = {0, 1};
  EXPECT_DOUBLE_EQ(score_of(objective, backbone), 28.0 / 30);
}

// Each further part of a block that is put right costs, until the last one.
TEST(SyntheticDeceptive, LeadsAwayFromTheTarget) {
  const SyntheticObjective objective = spinenet_49_objective(SyntheticKind::deceptive);
  const arch::BlockSpec target = objective.target.blocks[4];
  arch::ScalePermuted backbone = objective.target;
  arch::BlockSpec& block = backbone.blocks[4];
  block = {7, arch::BlockKind::bottleneck, {0, 1}, false};
  double before = score_of(objective, backbone);
  EXPECT_DOUBLE_EQ(before, (14 + 0.8) / 15);
  const std::array<std::function<void()>, 3> repairs{[&] { block.level = target.level; },
                                                     [&] { block.kind = target.kind; },
                                                     [&] {
                                                       block.parents = {0, target.parents[1]};
                                                     }};
  for (const auto& repair : repairs) {
    repair();
    EXPECT_LT(score_of(objective, backbone), before);
    before = score_of(objective, backbone);
  }
  block.parents = target.parents;
  EXPECT_EQ(score_of(objective, backbone), 1);
}

TEST(SyntheticObjective, RefusesAnotherNumberOfBlocks) {
  arch::ScalePermuted short_backbone = drawn_choices(1);
  short_backbone.blocks.pop_back();
  EXPECT_THROW(score_of(spinenet_49_objective(SyntheticKind::additive), short_backbone), Error);
}

}  // namespace
}  // namespace spinenet::search
