#include "data/coco/id_set.h"

#include <unordered_set>

#include <gtest/gtest.h>

#include "base/random.h"

namespace spinenet::data {
namespace {

TEST(IdSet, IsAsASetOfTheStandardLibrary) {
  Random random(1);
  for (const uint64_t range : {uint64_t{50}, uint64_t{5000}, uint64_t{1} << 53}) {
    IdSet ids;
    std::unordered_set<int64_t> expected;
    for (int i = 0; i < 20000; ++i) {
      const auto id = static_cast<int64_t>(random.below(range));
      ASSERT_EQ(ids.insert(id), expected.insert(id).second) << id;
    }
    EXPECT_EQ(ids.size(), expected.size());
  }
}

TEST(IdSet, TakesIdsInARow) {
  IdSet ids;
  ids.reserve(1000);
  for (int64_t id = 0; id < 100000; ++id) ASSERT_TRUE(ids.insert(id << 20)) << id;
  for (int64_t id = 0; id < 100000; ++id) ASSERT_FALSE(ids.insert(id << 20)) << id;
}

}  // namespace
}  // namespace spinenet::data
