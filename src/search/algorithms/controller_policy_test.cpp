#include "search/algorithms/controller_policy.h"

#include <cmath>
#include <functional>
#include <numeric>
#include <set>

#include <gtest/gtest.h>

#include "base/error.h"

namespace spinenet::search {
namespace {

// Draws at random and shows each decision.
class Watch : public arch::Chooser {
 public:
  using See = std::function<void(const arch::Decision& decision, size_t option)>;
  Watch(Random& random, See see) : random_(random), see_(std::move(see)) {}
  size_t choose(const arch::Decision& decision) override {
    const auto option = static_cast<size_t>(random_.below(static_cast<int64_t>(decision.options.size())));
    see_(decision, option);
    return option;
  }

 private:
  Random& random_;
  See see_;
};

std::vector<float> random_weights(const PolicyLayout& layout, uint64_t seed) {
  Random random(seed);
  std::vector<float> weights(layout.size);
  for (float& w : weights) w = static_cast<float>(0.3 * random.normal());
  return weights;
}

// With what lies beyond the paper.
arch::SearchSpace open_space() {
  arch::SearchSpace space;
  space.max_parents = 4;
  space.widths = {0.5, 1, 2};
  return space;
}

class PolicyOf : public testing::TestWithParam<std::string> {
 protected:
  arch::SearchSpace space = GetParam() == "open" ? open_space() : arch::named_search_space(GetParam());
  ControllerOptions options;
  PolicyLayout layout{space, options};
};

TEST(PolicyLayoutOf, AnOpenSpaceHasColumnsForFurtherParentsAndWidths) {
  const arch::SearchSpace paper;
  const PolicyLayout layout(open_space(), {});
  EXPECT_EQ(layout.columns, PolicyLayout(paper, {}).columns + 17 + 3);  // 17 blocks, stem included; 3 widths
  EXPECT_EQ(PolicyLayout(paper, {}).kind_rows.rows, 6);
  EXPECT_EQ(layout.kind_rows.rows, 8);
}

TEST_P(PolicyOf, GivesEveryOptionItsOwnColumn) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    Random random(seed);
    Watch watch(random, [&](const arch::Decision& decision, size_t) {
      const auto kind = static_cast<size_t>(decision.kind);
      const int end = kind + 1 < PolicyLayout::kDecisionKinds ? layout.first_column[kind + 1] : layout.columns;
      std::set<int> columns;
      for (const int value : decision.options) columns.insert(layout.column(decision, value));
      EXPECT_EQ(columns.size(), decision.options.size());
      EXPECT_GE(*columns.begin(), layout.first_column[kind]);
      EXPECT_LT(*columns.rbegin(), end);
    });
    arch::generate(space, watch);
  }
}

TEST_P(PolicyOf, BeginsUniform) {
  Policy policy(layout, options, initial_policy_weights(layout, Random(1)));
  Random random(2);
  policy.begin();
  Watch watch(random, [&](const arch::Decision& decision, size_t option) {
    for (const float p : policy.probabilities(decision)) {
      EXPECT_FLOAT_EQ(p, 1 / static_cast<float>(decision.options.size()));
    }
    policy.take(decision, option);
  });
  arch::generate(space, watch);
}

TEST_P(PolicyOf, GivesProbabilities) {
  Policy policy(layout, options, random_weights(layout, 3));
  Random random(2);
  policy.begin();
  double unequal = 0;
  Watch watch(random, [&](const arch::Decision& decision, size_t option) {
    const std::span<const float> p = policy.probabilities(decision);
    EXPECT_EQ(p.size(), decision.options.size());
    EXPECT_NEAR(std::accumulate(p.begin(), p.end(), 0.0), 1, 1e-6);
    for (const float each : p) EXPECT_GT(each, 0);
    unequal += std::abs(p[0] - 1.0 / static_cast<double>(p.size()));
    policy.take(decision, option);
  });
  arch::generate(space, watch);
  EXPECT_GT(unequal, 1);
}

INSTANTIATE_TEST_SUITE_P(Spaces, PolicyOf, testing::Values("spinenet-49", "r0-sp53", "hourglass", "fish", "open"),
                         [](const auto& test) {
                           std::string name = test.param;
                           std::erase(name, '-');
                           return name;
                         });

// The same decisions with another first choice: what follows is told of it.
TEST(Policy, RemembersWhatWasTaken) {
  const arch::SearchSpace space = arch::named_search_space("spinenet-49");
  const ControllerOptions options;
  const PolicyLayout layout(space, options);
  Policy policy(layout, options, random_weights(layout, 3));
  const std::vector<int> ten{0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
  const arch::Decision first{arch::DecisionKind::intermediate_slot, 2, ten},
      second{arch::DecisionKind::intermediate_slot, 3, ten};
  const auto after = [&](size_t option) {
    policy.begin();
    policy.probabilities(first);
    policy.take(first, option);
    const std::span<const float> p = policy.probabilities(second);
    return std::vector<float>(p.begin(), p.end());
  };
  EXPECT_EQ(after(1), after(1));
  EXPECT_NE(after(1), after(2));
}

double entropy_of_first(const ControllerOptions& options) {
  const arch::SearchSpace space = arch::named_search_space("spinenet-49");
  const PolicyLayout layout(space, options);
  Policy policy(layout, options, random_weights(layout, 3));
  const std::vector<int> ten{0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
  double entropy = 0;
  policy.begin();
  for (const float p : policy.probabilities({arch::DecisionKind::intermediate_slot, 2, ten}))
    entropy -= p * std::log(p);
  return entropy;
}

TEST(Policy, IsMoreRandomWhenHotterOrBounded) {
  const double plain = entropy_of_first({});
  EXPECT_GT(entropy_of_first({.temperature = 5}), plain);
  EXPECT_LT(entropy_of_first({.temperature = 0.2}), plain);
  EXPECT_GT(entropy_of_first({.tanh_constant = 0.1}), plain);
  EXPECT_NEAR(entropy_of_first({.temperature = 1e6}), std::log(10), 1e-6);
}

TEST(Policy, RefusesMoreDecisionsThanTheSpaceHas) {
  const arch::SearchSpace space = arch::named_search_space("spinenet-49");
  const PolicyLayout layout(space, {});
  Policy policy(layout, {}, random_weights(layout, 3));
  const std::vector<int> two{0, 1};
  const arch::Decision decision{arch::DecisionKind::block_kind, 2, two};
  policy.begin();
  for (int i = 0; i < layout.steps; ++i) policy.probabilities(decision), policy.take(decision, 0);
  EXPECT_THROW(policy.probabilities(decision), Error);
}

}  // namespace
}  // namespace spinenet::search
