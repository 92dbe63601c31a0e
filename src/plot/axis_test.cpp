#include "plot/axis.h"

#include <algorithm>
#include <cmath>
#include <set>

#include <gtest/gtest.h>

#include "base/random.h"

namespace spinenet::plot {
namespace {

TEST(Axis, TicksAreRound) {
  EXPECT_EQ(nice_ticks(0, 1, 5), (std::vector<double>{0, 0.2, 0.4, 0.6, 0.8, 1}));
  EXPECT_EQ(nice_ticks(0.05, 0.31, 5), (std::vector<double>{0, 0.1, 0.2, 0.3, 0.4}));
  EXPECT_EQ(nice_ticks(-3, 12, 5), (std::vector<double>{-5, 0, 5, 10, 15}));
  EXPECT_EQ(nice_ticks(0, 90000, 5), (std::vector<double>{0, 20000, 40000, 60000, 80000, 100000}));
}

TEST(Axis, LogTicksArePowersOfTenOrOneTwoFive) {
  EXPECT_EQ(log_ticks(0.3, 4, 5), (std::vector<double>{0.2, 0.5, 1, 2, 5}));
  EXPECT_EQ(log_ticks(1, 1, 5), (std::vector<double>{1, 2}));
  EXPECT_EQ(log_ticks(1e-3, 1e3, 5), (std::vector<double>{1e-3, 1e-1, 1e1, 1e3}));
}

void expect_good(const std::vector<double>& ticks, double low, double high, int count) {
  ASSERT_GE(ticks.size(), 2U) << low << " " << high;
  EXPECT_LE(ticks.size(), static_cast<size_t>(count) + 2) << low << " " << high;
  EXPECT_TRUE(std::is_sorted(ticks.begin(), ticks.end()));
  EXPECT_EQ(std::set<double>(ticks.begin(), ticks.end()).size(), ticks.size()) << low << " " << high;
  const double slack = 1e-8 * (ticks.back() - ticks.front());
  EXPECT_LE(ticks.front(), low + slack);
  EXPECT_GE(ticks.back(), high - slack);
  for (const double tick : ticks) EXPECT_TRUE(std::isfinite(tick)) << low << " " << high;
}

TEST(Axis, TicksSurroundEveryRange) {
  Random random(5);
  for (int i = 0; i < 20000; ++i) {
    const double scale = std::pow(10.0, random.uniform(-12, 12));
    const double low = scale * random.normal();
    const double high = low + std::pow(10.0, random.uniform(-12, 12)) * random.uniform();
    const int count = 2 + static_cast<int>(random.below(10));
    expect_good(nice_ticks(low, high, count), low, high, count);
  }
}

TEST(Axis, LogTicksSurroundEveryRange) {
  Random random(6);
  for (int i = 0; i < 20000; ++i) {
    const double low = std::pow(10.0, random.uniform(-300, 279));
    const double high = low * std::pow(10.0, random.uniform() * random.uniform(0, 20));
    const std::vector<double> ticks = log_ticks(low, high, 5);
    ASSERT_GE(ticks.size(), 2U);
    EXPECT_LE(ticks.size(), 9U) << low << " " << high;
    EXPECT_LE(ticks.front(), low * (1 + 1e-8));
    EXPECT_GE(ticks.back(), high * (1 - 1e-8)) << low << " " << high;
  }
}

TEST(Axis, OddRangesHaveTicksToo) {
  const double most = kAxisLimit;
  for (const auto& [low, high] : std::vector<std::pair<double, double>>{
           {0, 0}, {5, 5}, {-5, -5}, {0, 5e-324}, {-5e-324, 0}, {1e16, 1e16 + 2}, {-most, most}, {most, most}}) {
    const std::vector<double> ticks = nice_ticks(low, high, 5);
    EXPECT_GE(ticks.size(), 2U) << low << " " << high;
    EXPECT_LE(ticks.front(), low);
    EXPECT_GE(ticks.back(), high);
    EXPECT_TRUE(std::isfinite(ticks.front()) && std::isfinite(ticks.back()));
  }
}

TEST(Axis, TextIsShort) {
  EXPECT_EQ(tick_text(0), "0");
  EXPECT_EQ(tick_text(-0.0), "0");
  EXPECT_EQ(tick_text(0.1 + 0.2), "0.3");
  EXPECT_EQ(tick_text(1500), "1500");
  EXPECT_EQ(tick_text(-15000), "-15k");
  EXPECT_EQ(tick_text(2.5e6), "2.5M");
  EXPECT_EQ(tick_text(0.0005), "0.0005");
  EXPECT_EQ(tick_text(2e-5), "2e-5");
  EXPECT_EQ(tick_text(1.25e12), "1.25e12");
}

}  // namespace
}  // namespace spinenet::plot
