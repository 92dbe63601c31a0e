#include "search/algorithms/random_search.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace spinenet::search {
namespace {

TEST(RandomSearch, DrawsFromTheSpaceWhateverItIsTold) {
  const arch::SearchSpace space = arch::named_search_space("spinenet-49");
  RandomSearch search(space);
  for (uint64_t seed = 0; seed < 50; ++seed) {
    Random random(seed), same(seed);
    const arch::Sample sample = search.suggest(random);
    EXPECT_EQ(sample.choices, arch::random_sample(space, same).choices);
    Trial trial;
    trial.state = TrialState::complete;
    trial.choices = sample.choices;
    search.update(trial);
  }
}

TEST(RandomSearch, RestoresOnlyItsOwnState) {
  RandomSearch search(arch::named_search_space("spinenet-49")), fish(arch::named_search_space("fish"));
  EXPECT_NO_THROW(search.restore(search.state()));
  EXPECT_THROW(search.restore(fish.state()), Error);
  EXPECT_THROW(search.restore(""), Error);
}

}  // namespace
}  // namespace spinenet::search
