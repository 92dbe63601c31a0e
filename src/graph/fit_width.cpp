#include "graph/fit_width.h"

#include <algorithm>
#include <cmath>

#include "graph/cost.h"

namespace spinenet {
namespace {

constexpr double kStep = 0.0001;
constexpr double kMostWidth = 16;  // that validate accepts
constexpr double kStride = 1.1;    // small, so that the search does not jump below the narrowest network

int64_t price(Architecture architecture, double width, const LowerOptions& options) {
  architecture.scaling.filter_size_scale = width;
  validate(architecture);
  return cost(lower_detector(architecture, options)).multiply_adds;
}

}  // namespace

double fitting_width(const Architecture& architecture, const LowerOptions& options, int64_t multiply_adds) {
  const auto fits = [&](double width) { return price(architecture, width, options) <= multiply_adds; };
  double low = architecture.scaling.filter_size_scale;
  while (!fits(low)) low /= kStride;
  double high = low;
  while (high < kMostWidth && fits(high)) high = std::min(high * kStride, kMostWidth);
  // The price of `first` steps is at most the limit, that of `end` steps above (or wider than any network).
  auto first = static_cast<int64_t>(std::floor(low / kStep)), end = static_cast<int64_t>(std::ceil(high / kStep)) + 1;
  while (end - first > 1) {
    const int64_t middle = first + (end - first) / 2;
    const double width = static_cast<double>(middle) * kStep;
    (width <= kMostWidth && fits(width) ? first : end) = middle;
  }
  return static_cast<double>(first) * kStep;
}

}  // namespace spinenet
