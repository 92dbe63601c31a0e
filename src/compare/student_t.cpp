#include "compare/student_t.h"

#include <cmath>
#include <numbers>

#include "base/error.h"
#include "base/format.h"

namespace spinenet::compare {
namespace {

void check(int degrees) {
  if (degrees >= 1) return;
  fail(ErrorKind::failed, fmt::format("Student's t of {} degrees of freedom", degrees), "compare");
}

// 1 + (a / (a + 1)) c + (a / (a + 1)) ((a + 2) / (a + 3)) c + ..., where c is the squared cosine.
double series(double squared_cosine, int first, int terms) {
  double sum = 0, term = 1;
  for (int k = 0; k < terms; ++k) {
    sum += term;
    const int above = first + 2 * k;
    term *= squared_cosine * above / (above + 1);
  }
  return sum;
}

// Of the angle whose tangent is t / sqrt(degrees).
double share_between(double angle, int degrees) {
  const double sine = std::sin(angle), cosine = std::cos(angle);
  if (degrees % 2 == 0) return sine * series(cosine * cosine, 1, degrees / 2);
  const double sum = degrees == 1 ? 0 : sine * cosine * series(cosine * cosine, 2, (degrees - 1) / 2);
  return 2 / std::numbers::pi * (angle + sum);
}

}  // namespace

double student_t_between(double t, int degrees) {
  check(degrees);
  return share_between(std::atan2(t, std::sqrt(static_cast<double>(degrees))), degrees);
}

double student_t_quantile(double probability, int degrees) {
  check(degrees);
  if (!(probability >= 0.5 && probability < 1)) {
    fail(ErrorKind::failed, fmt::format("a quantile of {} of Student's t", probability), "compare");
  }
  // The share grows with the angle, so it is halved until no number lies between the ends.
  double low = 0, high = std::numbers::pi / 2;
  const double wanted = 2 * probability - 1;
  for (;;) {
    const double middle = low + (high - low) / 2;
    if (middle <= low || middle >= high) break;
    (share_between(middle, degrees) < wanted ? low : high) = middle;
  }
  return std::sqrt(static_cast<double>(degrees)) * std::tan(low);
}

}  // namespace spinenet::compare
