#include "base/random.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <set>
#include <vector>

#include <gtest/gtest.h>

namespace spinenet {
namespace {

// Of n draws over equal cells; with 9 degrees of freedom a value above 40 comes once in 100,000 seeds.
double chi_square(const std::vector<int64_t>& counts) {
  const auto total = static_cast<double>(std::accumulate(counts.begin(), counts.end(), int64_t{0}));
  const double expected = total / static_cast<double>(counts.size());
  double sum = 0;
  for (const int64_t count : counts) {
    const double difference = static_cast<double>(count) - expected;
    sum += difference * difference / expected;
  }
  return sum;
}

TEST(Random, MixIsTheFinalizerOfSplitMix64) {
  // The first outputs of SplitMix64 from the state 1234567, as published with it.
  const std::array<uint64_t, 3> published{6457827717110365317U, 3203168211198807973U, 9817491932198370423U};
  for (uint64_t i = 0; i < published.size(); ++i) {
    EXPECT_EQ(Random::mix(1234567 + (i + 1) * 0x9e3779b97f4a7c15), published[i]);
  }
  EXPECT_EQ(Random::hash(""), 0xcbf29ce484222325U);
  EXPECT_EQ(Random::hash("a"), 0xaf63dc4c8601ec8cU);
}

TEST(Random, ASeedGivesTheSameNumbersForEver) {
  Random random(42);
  const std::array<uint64_t, 3> wanted{0x57e1faba65107204U, 0xf4abd143feb24055U, 0x7c816738c12903b2U};
  for (const uint64_t value : wanted) EXPECT_EQ(random.next(), value);
}

TEST(Random, ACopyGoesOnFromTheSameState) {
  Random random(3);
  random.next();
  Random copy = random;
  for (int i = 0; i < 10; ++i) EXPECT_EQ(copy.next(), random.next());
}

TEST(Random, UniformFillsTheUnitInterval) {
  Random random(1);
  std::vector<int64_t> counts(10);
  double sum = 0;
  for (int i = 0; i < 100'000; ++i) {
    const double x = random.uniform();
    ASSERT_GE(x, 0);
    ASSERT_LT(x, 1);
    ++counts[static_cast<size_t>(x * 10)];
    sum += x;
  }
  EXPECT_LT(chi_square(counts), 40);
  EXPECT_NEAR(sum / 100'000, 0.5, 0.005);
  for (int i = 0; i < 1000; ++i) {
    const double x = random.uniform(-3, 5);
    EXPECT_TRUE(x >= -3 && x < 5);
  }
}

TEST(Random, BelowIsFairForEveryRange) {
  Random random(2);
  for (const int64_t n : {1, 2, 3, 10, 37}) {
    std::vector<int64_t> counts(static_cast<size_t>(n));
    for (int i = 0; i < 50'000; ++i) ++counts.at(static_cast<size_t>(random.below(n)));
    EXPECT_LT(chi_square(counts), 100) << n;
  }
  for (int i = 0; i < 1000; ++i) {
    const int64_t x = random.below(INT64_MAX);
    EXPECT_TRUE(x >= 0 && x < INT64_MAX);
  }
}

TEST(Random, NormalHasItsMoments) {
  Random random(3);
  const int n = 200'000;
  double sum = 0;
  double squares = 0;
  int within = 0;
  for (int i = 0; i < n; ++i) {
    const double x = random.normal();
    ASSERT_TRUE(std::isfinite(x));
    sum += x;
    squares += x * x;
    within += std::abs(x) < 1 ? 1 : 0;
  }
  EXPECT_NEAR(sum / n, 0, 0.01);
  EXPECT_NEAR(squares / n, 1, 0.02);
  EXPECT_NEAR(static_cast<double>(within) / n, 0.6827, 0.005);
}

TEST(Random, ShuffleReachesEveryOrderEqually) {
  Random random(4);
  std::vector<int64_t> counts(6);
  for (int i = 0; i < 60'000; ++i) {
    std::array<int, 3> items{0, 1, 2};
    random.shuffle(std::span<int>(items));
    ASSERT_EQ(std::set<int>(items.begin(), items.end()).size(), 3U);
    ++counts[2 * static_cast<size_t>(items[0]) + (items[1] > items[2] ? 1 : 0)];
  }
  EXPECT_LT(chi_square(counts), 40);
}

TEST(Random, ForksAreIndependentOfEachOtherAndOfTheParent) {
  const Random parent(7);
  Random used = parent;
  for (int i = 0; i < 100; ++i) used.next();
  std::set<uint64_t> firsts;
  for (uint64_t i = 0; i < 10'000; ++i) {
    Random fork = parent.fork(i);
    Random later = used.fork(i);
    const uint64_t first = fork.next();
    EXPECT_EQ(first, later.next()) << "a fork depends on how far its parent has run";
    firsts.insert(first);
  }
  EXPECT_EQ(firsts.size(), 10'000U);

  // Neighbouring forks share half of their bits, as unrelated numbers do.
  int64_t equal_bits = 0;
  for (uint64_t i = 0; i < 2000; ++i) {
    Random a = parent.fork(i);
    Random b = parent.fork(i + 1);
    equal_bits += 64 - std::popcount(a.next() ^ b.next());
  }
  EXPECT_NEAR(static_cast<double>(equal_bits) / (2000 * 64), 0.5, 0.01);
  EXPECT_NE(Random(1).fork(2).next(), Random(2).fork(1).next());
}

}  // namespace
}  // namespace spinenet
