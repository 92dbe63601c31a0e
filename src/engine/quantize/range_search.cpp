#include "engine/quantize/range_search.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace spinenet::engine {
namespace {

// The mean square error of bytes of this range, times the number of values.
double error_of(const Histogram& histogram, const ValueRange& range) {
  const Quantization bytes = quantization_of(range);
  const double step = static_cast<double>(bytes.scale), within = step * step / 12;
  const double low = -bytes.zero * step, high = (255 - bytes.zero) * step;
  const double width = static_cast<double>(histogram.seen.high - histogram.seen.low) / kBins;
  double sum = 0;
  for (size_t i = 0; i < histogram.bins.size(); ++i) {
    const double x = static_cast<double>(histogram.seen.low) + (static_cast<double>(i) + 0.5) * width;
    const double outside = std::max({low - x, x - high, 0.0});
    // What is exactly zero costs nothing; its bin is narrow enough to be taken for it.
    const double inside = std::abs(x) <= width / 2 ? 0.0 : within;
    sum += static_cast<double>(histogram.bins[i]) * std::max(inside, outside * outside);
  }
  return sum;
}

}  // namespace

void widen(ValueRange& range, std::span<const float> values) {
  for (const float x : values) {
    range.low = std::min(range.low, x);
    range.high = std::max(range.high, x);
  }
}

void count(Histogram& histogram, std::span<const float> values) {
  histogram.bins.resize(kBins);
  const float width = histogram.seen.high - histogram.seen.low;
  if (!(width > 0)) return;
  const float scale = static_cast<float>(kBins) / width;
  for (const float x : values) {
    const auto bin = static_cast<int64_t>((x - histogram.seen.low) * scale);
    ++histogram.bins[static_cast<size_t>(std::clamp<int64_t>(bin, 0, kBins - 1))];
  }
}

ValueRange best_range(const Histogram& histogram) {
  constexpr int kShares = 40;
  ValueRange best = histogram.seen;
  double least = std::numeric_limits<double>::infinity();
  for (int i = kShares; i >= kShares / 4; --i) {
    const float share = static_cast<float>(i) / kShares;
    const ValueRange range{histogram.seen.low * share, histogram.seen.high * share};
    const double error = error_of(histogram, range);
    if (error >= least) continue;
    least = error;
    best = range;
  }
  return best;
}

}  // namespace spinenet::engine
