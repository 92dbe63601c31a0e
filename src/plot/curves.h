// Line and point charts as SVG text, readable in light and dark, alone or inside HTML.
//
// A value that is not finite is a gap; so is one beyond kAxisLimit, and a value <= 0 on a logarithmic axis.
// Without any value, the chart says so.
// A spread is a band about a line, a bar through a point.
// Long series are thinned to what the pixels can show, keeping every extreme.
// Thread contract: free functions on their arguments.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "plot/chart.h"

namespace spinenet::plot {

struct Series {
  std::string name;
  std::vector<double> x;
  std::vector<double> y;            // as long as x
  std::vector<double> spread = {};  // empty, or as long as x: y lies between y - spread and y + spread
};

// ErrorKind::failed where a series has more x than y, or the other way round, or a spread of another length.
std::string line_chart(std::span<const Series> series, const ChartOptions& options);
std::string scatter_chart(std::span<const Series> series, const ChartOptions& options);

}  // namespace spinenet::plot
