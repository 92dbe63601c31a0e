#include "engine/plan/memory_plan.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace spinenet::engine {
namespace {

bool overlap(const MemoryPlan& plan, const std::vector<Lifetime>& buffers, size_t a, size_t b) {
  return plan.offsets[a] < plan.offsets[b] + buffers[b].size && plan.offsets[b] < plan.offsets[a] + buffers[a].size;
}

TEST(MemoryPlan, UsesMemoryAgain) {
  const std::vector<Lifetime> chain{{10, 0, 1}, {10, 1, 2}, {10, 2, 3}, {10, 3, 4}};
  EXPECT_EQ(plan_memory(chain).size, 20);
  EXPECT_EQ(least_memory(chain), 20);
}

TEST(MemoryPlan, TakesTheSmallestGapThatFits) {
  // Between two that live on, one that dies leaves a gap of its size.
  const std::vector<Lifetime> buffers{{30, 0, 9}, {20, 0, 3}, {19, 0, 9}, {20, 4, 9}};
  const MemoryPlan plan = plan_memory(buffers);
  EXPECT_EQ(plan.size, 69);
  EXPECT_EQ(plan.offsets[3], plan.offsets[1]);
}

TEST(MemoryPlan, OfNothingIsEmpty) {
  EXPECT_EQ(plan_memory({}).size, 0);
  EXPECT_EQ(least_memory({}), 0);
}

TEST(MemoryPlan, NeverPutsTwoInOnePlace) {
  Random random(7);
  for (int round = 0; round < 50; ++round) {
    std::vector<Lifetime> buffers;
    for (int i = 0; i < 40; ++i) {
      const int first = static_cast<int>(random.below(30));
      buffers.push_back(
          {1 + static_cast<int64_t>(random.below(100)), first, first + static_cast<int>(random.below(8))});
    }
    const MemoryPlan plan = plan_memory(buffers);
    EXPECT_GE(plan.size, least_memory(buffers));
    EXPECT_LE(plan.size, 2 * least_memory(buffers));
    for (size_t a = 0; a < buffers.size(); ++a) {
      for (size_t b = 0; b < a; ++b) {
        const bool meet = buffers[a].first <= buffers[b].last && buffers[b].first <= buffers[a].last;
        EXPECT_FALSE(meet && overlap(plan, buffers, a, b)) << a << " and " << b;
      }
    }
  }
}

}  // namespace
}  // namespace spinenet::engine
