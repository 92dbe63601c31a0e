#include "search/algorithms/controller_episodes.h"

#include <gtest/gtest.h>

namespace spinenet::search {
namespace {

TEST(Follow, HandsOnEveryDecisionWithTheOptionTaken) {
  const arch::SearchSpace space = arch::named_search_space("spinenet-49");
  Random random(1);
  const arch::Choices choices = arch::random_sample(space, random).choices;
  arch::Choices followed;
  follow(space, choices,
         [&](const arch::Decision& decision, size_t option) { followed.push_back(decision.options[option]); });
  EXPECT_EQ(followed, choices);
}

TEST(Episodes, HoldTheDecisionsOfAllSamples) {
  const arch::SearchSpace space = arch::named_search_space("spinenet-49");
  const PolicyLayout layout(space, {});
  Random random(1);
  std::vector<Rewarded> batch;
  for (int b = 0; b < 3; ++b) batch.push_back({arch::random_sample(space, random).choices, 0});
  const Episodes episodes = episodes_of(space, layout, batch);
  EXPECT_EQ(episodes.steps, arch::decision_count(space));
  EXPECT_EQ(episodes.samples, 3);
  ASSERT_EQ(episodes.decisions.size(), 3 * decision_count(space));
  for (size_t b = 0; b < 3; ++b) {
    size_t step = 0, previous = 0;
    follow(space, batch[b].choices, [&](const arch::Decision& decision, size_t option) {
      const EpisodeStep& found = episodes.decisions[step++ * 3 + b];
      EXPECT_EQ(found.input.choice, previous);
      EXPECT_EQ(found.input.kind, static_cast<size_t>(decision.kind));
      EXPECT_EQ(found.input.block, static_cast<size_t>(decision.block));
      EXPECT_EQ(found.chosen, option);
      const std::span<const size_t> columns = episodes.options(found);
      ASSERT_EQ(columns.size(), decision.options.size());
      for (size_t i = 0; i < columns.size(); ++i) {
        EXPECT_EQ(columns[i], static_cast<size_t>(layout.column(decision, decision.options[i])));
      }
      previous = 1 + columns[option];
    });
    EXPECT_EQ(step, episodes.steps);
  }
}

}  // namespace
}  // namespace spinenet::search
