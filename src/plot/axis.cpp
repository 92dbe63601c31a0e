#include "plot/axis.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "base/format.h"

namespace spinenet::plot {
namespace {

// factor * 10^exponent, exact where the result is (dividing by a power of ten keeps 0.3 at 0.3).
double scaled(double factor, int exponent) {
  return exponent < 0 ? factor / std::pow(10.0, -exponent) : factor * std::pow(10.0, exponent);
}

struct Step {
  int factor;
  int exponent;
  double size() const { return scaled(factor, exponent); }
};

// The smallest of 1, 2, 5, 10 times a power of ten that is not below `size`.
Step nice_step(double size) {
  const int exponent = static_cast<int>(std::floor(std::log10(size)));
  for (const int factor : {1, 2, 5}) {
    if (scaled(factor, exponent) >= size * (1 - 1e-9)) return {factor, exponent};
  }
  return {1, exponent + 1};
}

}  // namespace

std::vector<double> nice_ticks(double low, double high, int count) {
  const double magnitude = std::max(std::abs(low), std::abs(high));
  if (magnitude < 1e-290) {
    low = std::min(low, 0.0) - (low < 0 ? 1 : 0);
    high = 1;
  } else if (high - low < 1e-9 * magnitude) {
    low -= 0.1 * magnitude;
    high += 0.1 * magnitude;
  }
  const Step step = nice_step((high - low) / count);
  const double first = std::floor(low / step.size() + 1e-9);
  const double last = std::ceil(high / step.size() - 1e-9);
  std::vector<double> ticks;
  for (int64_t i = 0; i <= std::llround(last - first); ++i) {
    ticks.push_back(scaled((first + static_cast<double>(i)) * step.factor, step.exponent));
  }
  return ticks;
}

std::vector<double> log_ticks(double low, double high, int count) {
  const int first = static_cast<int>(std::floor(std::log10(low) + 1e-9));
  const int last = std::max(first + 1, static_cast<int>(std::ceil(std::log10(high) - 1e-9)));
  std::vector<double> ticks;
  if (3 * (last - first) > count + 3) {
    const int stride = (last - first + count - 1) / count;
    for (int exponent = first; exponent < last + stride; exponent += stride) ticks.push_back(scaled(1, exponent));
    return ticks;
  }
  for (int exponent = first; exponent <= last; ++exponent) {
    for (const int factor : {1, 2, 5}) ticks.push_back(scaled(factor, exponent));
  }
  // Keep the last tick at or below low, the first at or above high, and all between.
  const auto begin = std::upper_bound(ticks.begin(), ticks.end(), low * (1 + 1e-9)) - 1;
  const auto end = std::lower_bound(begin + 1, ticks.end(), high * (1 - 1e-9));
  return {begin, std::min(end + 1, ticks.end())};
}

std::string tick_text(double value) {
  const double size = std::abs(value);
  if (size == 0) return "0";
  if (size >= 1e4 && size < 1e6) return fmt::format("{:.6g}k", value / 1e3);
  if (size >= 1e6 && size < 1e9) return fmt::format("{:.6g}M", value / 1e6);
  if (size >= 1e-4 && size < 1e4) return fmt::format("{:.6g}", value);
  const std::string text = fmt::format("{:.3e}", value);
  const size_t e = text.find('e');
  if (e == std::string::npos) return text;
  std::string mantissa = text.substr(0, e);
  mantissa.erase(mantissa.find_last_not_of('0') + 1);
  if (mantissa.ends_with('.')) mantissa.pop_back();
  return fmt::format("{}e{}", mantissa, std::stoi(text.substr(e + 1)));
}

}  // namespace spinenet::plot
