// A table of counts as coloured cells in SVG text, such as a confusion matrix.
//
// Thread contract: free functions on their arguments.
#pragma once

#include <string>
#include <vector>

#include "plot/chart.h"

namespace spinenet::plot {

// Each row is coloured by its values' shares of the row's sum. Values are finite and not negative.
struct HeatMap {
  std::vector<std::string> rows;
  std::vector<std::string> columns;
  std::vector<double> values;  // rows times columns, row-major
};

// x_label names the columns, y_label the rows; the width is an upper bound, the height follows from it.
// ErrorKind::failed where values do not fit rows and columns.
std::string heat_map(const HeatMap& map, const ChartOptions& options);

}  // namespace spinenet::plot
