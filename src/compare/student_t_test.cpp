#include "compare/student_t.h"

#include <cmath>
#include <numbers>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/error.h"

namespace spinenet::compare {
namespace {

// Abramowitz and Stegun, Table 26.10.
TEST(StudentT, HasThePublishedQuantiles) {
  const std::vector<std::pair<int, double>> two_sided_95{{1, 12.706}, {2, 4.303},  {3, 3.182},  {4, 2.776},
                                                         {5, 2.571},  {8, 2.306},  {9, 2.262},  {15, 2.131},
                                                         {30, 2.042}, {60, 2.000}, {120, 1.980}};
  for (const auto& [degrees, t] : two_sided_95) EXPECT_NEAR(student_t_quantile(0.975, degrees), t, 5.1e-4) << degrees;
  const std::vector<std::pair<int, double>> two_sided_99{{1, 63.657}, {2, 9.925}, {3, 5.841}, {9, 3.250}, {30, 2.750}};
  for (const auto& [degrees, t] : two_sided_99) EXPECT_NEAR(student_t_quantile(0.995, degrees), t, 5.1e-4) << degrees;
}

// One degree is Cauchy's distribution, two have a quantile in closed form, and many are nearly normal.
TEST(StudentT, HasTheClosedFormsOfOneAndTwoDegrees) {
  for (const double p : {0.5, 0.6, 0.75, 0.9, 0.975, 0.9995}) {
    const double cauchy = std::tan(std::numbers::pi * (p - 0.5)), two = (2 * p - 1) / std::sqrt(2 * p * (1 - p));
    EXPECT_NEAR(student_t_quantile(p, 1), cauchy, 1e-9 * (1 + cauchy)) << p;
    EXPECT_NEAR(student_t_quantile(p, 2), two, 1e-9 * (1 + two)) << p;
  }
  EXPECT_NEAR(student_t_quantile(0.975, 100'000), 1.959964, 5e-5);
}

TEST(StudentT, TheQuantileHoldsTheShare) {
  for (const int degrees : {1, 2, 3, 4, 7, 10, 99, 998}) {
    double before = -1;
    for (const double p : {0.5, 0.6, 0.9, 0.975, 0.999}) {
      const double t = student_t_quantile(p, degrees);
      EXPECT_NEAR(student_t_between(t, degrees), 2 * p - 1, 1e-12) << degrees << " " << p;
      EXPECT_GT(t, before);
      before = t;
    }
  }
}

TEST(StudentT, RefusesWhatIsNoDistribution) {
  EXPECT_THROW(student_t_quantile(0.975, 0), Error);
  EXPECT_THROW(student_t_quantile(1, 3), Error);
  EXPECT_THROW(student_t_quantile(0.4, 3), Error);
  EXPECT_THROW(student_t_between(1, -1), Error);
}

}  // namespace
}  // namespace spinenet::compare
