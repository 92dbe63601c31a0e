// How often values of a map fall where, and the range of bytes that fits them best.
//
// Invariant: the bins cover what was seen in the first round, zero included. Thread contract: plain values.
// Source: the search for the least mean square error of Nagel et al. 2021, section 3.1.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/quantize/quantization.h"

namespace spinenet::engine {

struct Histogram {
  ValueRange seen;
  std::vector<int64_t> bins;
};

constexpr int64_t kBins = 2048;

void widen(ValueRange& range, std::span<const float> values);
// Values outside what was seen count at its ends.
void count(Histogram& histogram, std::span<const float> values);
// Of the ranges that are shares of the one seen, the one with the least mean square error of its bytes.
ValueRange best_range(const Histogram& histogram);

}  // namespace spinenet::engine
