// Small charts as SVG text: lines, points, bars and a heat map. Readable in light and dark, alone or inside HTML.
//
// A value that is not finite is a gap; so is a value <= 0 on a logarithmic axis. Without any value, the chart says so.
// Thread contract: free functions on their arguments.
// Source: tick steps of 1, 2, 5 times a power of ten, after Heckbert, "Nice numbers for graph labels", Graphics Gems
// 1990.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace spinenet {

struct Series {
  std::string name;
  std::vector<double> x;
  std::vector<double> y;  // as long as x
};

struct ChartOptions {
  std::string title;
  std::string x_label;
  std::string y_label;
  bool log_y = false;
  // Ends of the axes; taken from the values and rounded outwards where absent.
  std::optional<double> x_min, x_max, y_min, y_max;
  int width = 640;
  int height = 320;
};

struct Bar {
  std::string name;
  double value = 0;
};

// Rows times columns values, row-major; each row is coloured by its share of the row's sum.
struct HeatMap {
  std::vector<std::string> rows;
  std::vector<std::string> columns;
  std::vector<double> values;
};

std::string line_chart(std::span<const Series> series, const ChartOptions& options);
std::string scatter_chart(std::span<const Series> series, const ChartOptions& options);
// Horizontal bars from zero, one below the other; the height follows their number.
std::string bar_chart(std::span<const Bar> bars, const ChartOptions& options);
// The width and height of the options are an upper bound; x_label and y_label name columns and rows.
std::string heat_map(const HeatMap& map, const ChartOptions& options);

// At most `count` + 2 round values from at or below `low` to at or above `high`; low <= high, both finite.
std::vector<double> nice_ticks(double low, double high, int count);

// Short form of an axis value: 1500 -> "1.5k", 0.0002 -> "2e-4".
std::string tick_text(double value);

}  // namespace spinenet
