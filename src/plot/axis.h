// Round values for the axes of a chart, and their text.
//
// Thread contract: free functions on their arguments.
// Source: steps of 1, 2 and 5 times a power of ten, after Heckbert, "Nice numbers for graph labels", Graphics Gems,
// 1990.
#pragma once

#include <string>
#include <vector>

namespace spinenet::plot {

// What an axis can show is at most this, and on a logarithmic one at least one over this.
inline constexpr double kAxisLimit = 1e300;

// 2 to `count` + 2 rising round values from at or below `low` to at or above `high`; low <= high, both within the
// limit. A range too small to be divided is widened first.
std::vector<double> nice_ticks(double low, double high, int count);

// The same for a logarithmic axis: powers of ten, with 2 and 5 times them where the range is short; 0 < low <= high,
// within the limit.
std::vector<double> log_ticks(double low, double high, int count);

// Short form of an axis value: 15000 -> "15k", 0.00002 -> "2e-5".
std::string tick_text(double value);

}  // namespace spinenet::plot
