#include "eval/summarize.h"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

namespace spinenet::eval {
namespace {

std::vector<double> reciprocals(size_t count) {
  std::vector<double> values;
  for (size_t i = 0; i < count; ++i) values.push_back(1.0 / static_cast<double>(i + 3));
  return values;
}

TEST(NumpyMean, NothingIsUndefined) {
  EXPECT_EQ(numpy_mean({}), -1);
}

// Recorded with numpy 1.26 as (1 / (numpy.arange(n) + 3)).mean().hex().
TEST(NumpyMean, TheLastDigitIsNumpys) {
  EXPECT_EQ(numpy_mean(reciprocals(1)), 0x1.5555555555555p-2);
  EXPECT_EQ(numpy_mean(reciprocals(7)), 0x1.84d171a963badp-3);
  EXPECT_EQ(numpy_mean(reciprocals(8)), 0x1.6dd0dd0dd0dd0p-3);
  EXPECT_EQ(numpy_mean(reciprocals(100)), 0x1.2faf273f2f2d8p-5);
  EXPECT_EQ(numpy_mean(reciprocals(129)), 0x1.f678a2caebfefp-6);
  EXPECT_EQ(numpy_mean(reciprocals(1010)), 0x1.8527553b1aa15p-8);
  EXPECT_EQ(numpy_mean(reciprocals(8192)), 0x1.02d473d67b3c8p-10);
  EXPECT_EQ(numpy_mean(reciprocals(8193)), 0x1.02cd5d5392dfcp-10);
  EXPECT_EQ(numpy_mean(reciprocals(80800)), 0x1.0d553be092aabp-13);
}

}  // namespace
}  // namespace spinenet::eval
