// Horizontal bars from zero, one below the other, as SVG text. A value that is not finite has no bar and a dash.
//
// Thread contract: free functions on their arguments.
#pragma once

#include <span>
#include <string>

#include "plot/chart.h"

namespace spinenet::plot {

struct Bar {
  std::string name;
  double value = 0;
  std::string text = {};  // behind it; empty: the value
};

// The height follows the number of bars; x_min and x_max apply.
std::string bar_chart(std::span<const Bar> bars, const ChartOptions& options);

}  // namespace spinenet::plot
