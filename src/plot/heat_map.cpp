#include "plot/heat_map.h"

#include <algorithm>

#include "base/error.h"
#include "base/format.h"
#include "plot/axis.h"
#include "plot/markup.h"

namespace spinenet::plot {
namespace {

constexpr double kMinNamed = 10;     // smallest cell that has room for a name beside it
constexpr double kMinNumbered = 26;  // smallest cell that has room for its value
constexpr double kMaxCell = 46;
constexpr int kMaxCellName = 20;

// Top left corner of the cells, and their size.
struct Grid {
  double left = 0;
  double top = 0;
  double cell = 0;
  double x(size_t column) const { return left + cell * static_cast<double>(column); }
  double y(size_t row) const { return top + cell * static_cast<double>(row); }
};

double widest_name(const std::vector<std::string>& names) {
  double widest = 0;
  for (const std::string& name : names) widest = std::max(widest, text_width(shorten(name, kMaxCellName)));
  return widest;
}

Grid make_grid(const HeatMap& map, const ChartOptions& options) {
  Grid grid;
  const double label = options.y_label.empty() ? 0 : 20;
  grid.left = label + widest_name(map.rows) + 8;
  grid.cell = std::min(kMaxCell, (options.width - grid.left - 40) / static_cast<double>(map.columns.size()));
  grid.cell = std::max(2.0, grid.cell);
  if (grid.cell < kMinNamed) grid.left = label + 8;
  // Names of columns stand at a slant of 45 degrees.
  const double names = grid.cell < kMinNamed ? 0 : widest_name(map.columns) * 0.72 + 12;
  grid.top = title_height(options) + (options.x_label.empty() ? 0 : 18) + names + 6;
  return grid;
}

std::string draw_cells(const HeatMap& map, const Grid& grid, size_t row) {
  std::string svg;
  const size_t columns = map.columns.size();
  double sum = 0;
  for (size_t i = 0; i < columns; ++i) sum += map.values[row * columns + i];
  for (size_t column = 0; column < columns; ++column) {
    const double value = map.values[row * columns + column];
    if (value <= 0) continue;
    const double share = value / sum;
    svg += fmt::format(
        "<rect class=\"f0\" fill-opacity=\"{:.3f}\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\">"
        "<title>{} → {}: {} ({:.1f}%)</title></rect>\n",
        0.06 + 0.94 * share, grid.x(column) + 0.5, grid.y(row) + 0.5, grid.cell - 1, grid.cell - 1,
        escape_markup(map.rows[row]), escape_markup(map.columns[column]), tick_text(value), 100 * share);
    if (grid.cell < kMinNumbered) continue;
    svg += draw_text({.x = grid.x(column) + grid.cell / 2,
                      .y = grid.y(row) + grid.cell / 2 + 4,
                      .style = share > 0.55 ? "over" : "value",
                      .anchor = "middle"},
                     tick_text(value));
  }
  return svg;
}

std::string draw_names(const HeatMap& map, const Grid& grid, const ChartOptions& options) {
  std::string svg;
  const double right = grid.x(map.columns.size());
  const double bottom = grid.y(map.rows.size());
  if (!options.x_label.empty()) {
    svg +=
        draw_text({.x = (grid.left + right) / 2, .y = title_height(options) + 12, .anchor = "middle"}, options.x_label);
  }
  if (!options.y_label.empty()) {
    svg += draw_text({.x = 11, .y = (grid.top + bottom) / 2, .anchor = "middle", .turn = -90}, options.y_label);
  }
  if (grid.cell < kMinNamed) return svg;
  for (size_t i = 0; i < map.columns.size(); ++i) {
    svg += draw_text({.x = grid.x(i) + grid.cell / 2 + 3, .y = grid.top - 6, .style = "tick", .turn = -45},
                     shorten(map.columns[i], kMaxCellName));
  }
  for (size_t i = 0; i < map.rows.size(); ++i) {
    svg += draw_text({.x = grid.left - 6, .y = grid.y(i) + grid.cell / 2 + 4, .style = "tick", .anchor = "end"},
                     shorten(map.rows[i], kMaxCellName));
  }
  return svg;
}

}  // namespace

std::string heat_map(const HeatMap& map, const ChartOptions& options) {
  if (map.values.size() != map.rows.size() * map.columns.size() || map.values.empty()) {
    fail(ErrorKind::failed, fmt::format("a heat map of {} rows and {} columns cannot have {} values", map.rows.size(),
                                        map.columns.size(), map.values.size()));
  }
  const Grid grid = make_grid(map, options);
  const double right = grid.x(map.columns.size());
  const double bottom = grid.y(map.rows.size());
  const double slant = grid.cell < kMinNamed ? 0 : text_width(shorten(map.columns.back(), kMaxCellName)) * 0.72;
  std::string svg = open_chart(options, right + std::max(8.0, slant), bottom + 6);
  svg += fmt::format("<rect class=\"cell\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\"/>\n", grid.left,
                     grid.top, right - grid.left, bottom - grid.top);
  for (size_t row = 0; row < map.rows.size(); ++row) svg += draw_cells(map, grid, row);
  return svg + draw_names(map, grid, options) + "</svg>\n";
}

}  // namespace spinenet::plot
