#include "plot/curves.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "base/format.h"
#include "plot/axis.h"
#include "plot/markup.h"

namespace spinenet::plot {
namespace {

constexpr size_t kMaxLegend = 12;
constexpr double kLegendRow = 18;

struct Point {
  double x = 0;
  double y = 0;
};

// One direction: values [low, high] to pixels [from, to].
struct Axis {
  std::vector<double> ticks;
  double low = 0;
  double high = 1;
  double from = 0;
  double to = 1;
  bool log = false;

  double place(double value) const {
    const double share =
        log ? (std::log(value) - std::log(low)) / (std::log(high) - std::log(low)) : (value - low) / (high - low);
    // What lies far outside is cut off anyway, and viewers take no number of 300 digits.
    return from + std::clamp(share, -10.0, 10.0) * (to - from);
  }
};

struct Range {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();

  bool empty() const { return low > high; }
  void take(double value) {
    low = std::min(low, value);
    high = std::max(high, value);
  }
};

bool on_axis(double value, bool log) {
  return log ? value >= 1 / kAxisLimit && value <= kAxisLimit : std::abs(value) <= kAxisLimit;
}

bool shown(double x, double y, bool log_y) {
  return on_axis(x, false) && on_axis(y, log_y);
}

struct AxisOptions {
  std::optional<double> low, high;  // the wished ends
  bool tight = false;               // end at the values instead of at the next ticks
  bool log = false;
  int ticks = 5;
};

Axis make_axis(Range range, const AxisOptions& options) {
  const bool fixed_low = options.low && on_axis(*options.low, options.log);
  if (fixed_low) range = {*options.low, std::max(range.high, *options.low)};
  const bool fixed_high = options.high && on_axis(*options.high, options.log) && *options.high >= range.low;
  if (fixed_high) range.high = *options.high;
  Axis axis;
  axis.log = options.log;
  axis.ticks =
      options.log ? log_ticks(range.low, range.high, options.ticks) : nice_ticks(range.low, range.high, options.ticks);
  axis.low = fixed_low || options.tight ? range.low : axis.ticks.front();
  axis.high = fixed_high || options.tight ? range.high : axis.ticks.back();
  const double extent = axis.high - axis.low;
  if (extent < 1e-290 || extent < 1e-9 * std::max(std::abs(axis.low), std::abs(axis.high))) {
    axis.low = axis.ticks.front();
    axis.high = axis.ticks.back();
  }
  const double slack = options.log ? 0 : 1e-9 * (axis.high - axis.low);
  std::erase_if(axis.ticks, [&](double tick) { return tick < axis.low - slack || tick > axis.high + slack; });
  return axis;
}

// Classes of the colour of series `index`; when the colours repeat, the lines are dashed.
std::string line_style(size_t index) {
  const size_t round = index / kSeriesColours;
  return fmt::format("line s{}{}", index % kSeriesColours, round == 0 ? "" : round % 2 == 1 ? " dashed" : " dotted");
}

std::string draw_legend(std::span<const Series> series, double width, double y) {
  std::string svg;
  double x = 0;
  for (size_t i = 0; i < series.size(); ++i) {
    const bool last = i == kMaxLegend;
    const std::string name =
        last ? fmt::format("and {} more", series.size() - kMaxLegend) : shorten(series[i].name, 32);
    const double entry = 34 + text_width(name);
    if (x > 0 && x + entry > width) {
      x = 0;
      y += kLegendRow;
    }
    if (!last) {
      svg += fmt::format("<path class=\"{}\" d=\"M{:.1f} {:.1f}h12\"/>\n", line_style(i), x + 1, y - 4);
    }
    svg += draw_text({.x = x + 18, .y = y}, name);
    x += entry;
    if (last) break;
  }
  return svg;
}

double legend_height(std::span<const Series> series, double width) {
  if (series.size() < 2 && (series.empty() || series[0].name.empty())) return 0;
  double x = 0;
  double height = kLegendRow;
  for (size_t i = 0; i < std::min(series.size(), kMaxLegend + 1); ++i) {
    const double entry = 34 + (i == kMaxLegend ? 80 : text_width(shorten(series[i].name, 32)));
    if (x > 0 && x + entry > width) {
      x = 0;
      height += kLegendRow;
    }
    x += entry;
  }
  return height + 4;
}

// Where points crowd, the first, lowest, highest and last of each pixel column, in their order.
std::vector<Point> thin(const std::vector<Point>& run) {
  std::vector<Point> result;
  for (size_t begin = 0; begin < run.size();) {
    size_t end = begin + 1;
    while (end < run.size() && std::floor(run[end].x) == std::floor(run[begin].x)) ++end;
    const auto by_height = [&](size_t a, size_t b) { return run[a].y < run[b].y; };
    size_t lowest = begin;
    size_t highest = begin;
    for (size_t i = begin; i < end; ++i) {
      lowest = std::min(lowest, i, by_height);
      highest = std::max(highest, i, by_height);
    }
    std::vector<size_t> kept{begin, lowest, highest, end - 1};
    std::sort(kept.begin(), kept.end());
    kept.erase(std::unique(kept.begin(), kept.end()), kept.end());
    for (const size_t i : kept) result.push_back(run[i]);
    begin = end;
  }
  return result;
}

double spread_at(const Series& series, size_t i) {
  return series.spread.empty() || !(series.spread[i] <= kAxisLimit) ? 0 : std::max(series.spread[i], 0.0);
}

// The ends that a logarithmic axis cannot show are left out with their point.
std::string draw_band(const Series& series, size_t index, const Axis& x, const Axis& y) {
  std::string above, below;
  for (size_t i = 0; i < series.spread.size(); ++i) {
    const double spread = spread_at(series, i);
    if (!shown(series.x[i], series.y[i] - spread, y.log) || !shown(series.x[i], series.y[i] + spread, y.log)) continue;
    above +=
        fmt::format("{}{:.1f} {:.1f}", above.empty() ? 'M' : 'L', x.place(series.x[i]), y.place(series.y[i] + spread));
    below = fmt::format("L{:.1f} {:.1f}", x.place(series.x[i]), y.place(series.y[i] - spread)) + below;
  }
  if (above.empty()) return "";
  return fmt::format("<path class=\"f{}\" fill-opacity=\".16\" d=\"{}{}Z\"/>\n", index % kSeriesColours, above, below);
}

std::string draw_line(const Series& series, size_t index, const Axis& x, const Axis& y) {
  std::string path;
  std::vector<Point> run;
  const auto end_run = [&] {
    const std::vector<Point> points = thin(run);
    for (size_t i = 0; i < points.size(); ++i) {
      path += fmt::format("{}{:.1f} {:.1f}", i == 0 ? 'M' : 'L', points[i].x, points[i].y);
    }
    // A line without length would be invisible; with round ends it is a dot.
    if (points.size() == 1) path += "h0";
    run.clear();
  };
  for (size_t i = 0; i < series.x.size(); ++i) {
    if (shown(series.x[i], series.y[i], y.log)) {
      run.push_back({x.place(series.x[i]), y.place(series.y[i])});
    } else {
      end_run();
    }
  }
  end_run();
  if (path.empty()) return "";
  return draw_band(series, index, x, y) + fmt::format("<path class=\"{}\" d=\"{}\"/>\n", line_style(index), path);
}

std::string draw_points(const Series& series, size_t index, const Axis& x, const Axis& y) {
  std::string svg;
  for (size_t i = 0; i < series.x.size(); ++i) {
    if (!shown(series.x[i], series.y[i], y.log)) continue;
    const double spread = spread_at(series, i);
    if (spread > 0 && shown(series.x[i], series.y[i] - spread, y.log)) {
      const double top = y.place(series.y[i] + spread), bottom = y.place(series.y[i] - spread);
      svg += fmt::format("<path class=\"line s{0}\" d=\"M{1:.1f} {2:.1f}h8m-4 0V{3:.1f}m-4 0h8\"/>\n",
                         index % kSeriesColours, x.place(series.x[i]) - 4, top, bottom);
    }
    svg += fmt::format("<circle class=\"f{}\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3\"/>\n", index % kSeriesColours,
                       x.place(series.x[i]), y.place(series.y[i]));
  }
  return svg;
}

std::string draw_axes(const Axis& x, const Axis& y, const ChartOptions& options) {
  std::string svg;
  for (const double tick : y.ticks) {
    svg += draw_rule("grid", x.from, y.place(tick), x.to, y.place(tick));
    svg += draw_text({.x = x.from - 7, .y = y.place(tick) + 4, .style = "tick", .anchor = "end"}, tick_text(tick));
  }
  for (const double tick : x.ticks) {
    svg += draw_rule("axis", x.place(tick), y.from, x.place(tick), y.from + 4);
    svg += draw_text({.x = x.place(tick), .y = y.from + 17, .style = "tick", .anchor = "middle"}, tick_text(tick));
  }
  svg += draw_rule("axis", x.from, y.from, x.to, y.from);
  if (!options.x_label.empty()) {
    svg += draw_text({.x = (x.from + x.to) / 2, .y = y.from + 35, .anchor = "middle"}, options.x_label);
  }
  if (!options.y_label.empty()) {
    svg += draw_text({.x = 11, .y = (y.from + y.to) / 2, .anchor = "middle", .turn = -90}, options.y_label);
  }
  return svg;
}

using DrawSeries = std::string (*)(const Series&, size_t, const Axis&, const Axis&);

std::string draw_chart(std::span<const Series> series, const ChartOptions& options, DrawSeries draw) {
  Range xs;
  Range ys;
  for (const Series& one : series) {
    if (one.x.size() != one.y.size()) {
      fail(ErrorKind::failed, fmt::format("series \"{}\" has {} x and {} y", one.name, one.x.size(), one.y.size()));
    }
    if (!one.spread.empty() && one.spread.size() != one.x.size()) {
      fail(ErrorKind::failed,
           fmt::format("series \"{}\" has {} x and {} spreads", one.name, one.x.size(), one.spread.size()));
    }
    for (size_t i = 0; i < one.x.size(); ++i) {
      if (!shown(one.x[i], one.y[i], options.log_y)) continue;
      xs.take(one.x[i]);
      for (const double y : {one.y[i] - spread_at(one, i), one.y[i] + spread_at(one, i)}) {
        if (on_axis(y, options.log_y)) ys.take(y);
      }
    }
  }
  const double width = options.width;
  std::string svg = open_chart(options, width, options.height);
  if (xs.empty()) {
    svg += draw_text({.x = width / 2, .y = options.height / 2.0, .anchor = "middle"}, "no values");
    return svg + "</svg>\n";
  }
  const double legend = legend_height(series, width);
  if (legend > 0) svg += draw_legend(series, width, title_height(options) + 12);

  Axis y = make_axis(ys, {.low = options.y_min, .high = options.y_max, .log = options.log_y});
  Axis x = make_axis(
      xs, {.low = options.x_min, .high = options.x_max, .tight = true, .ticks = std::max(2, options.width / 90)});
  double widest = 0;
  for (const double tick : y.ticks) widest = std::max(widest, text_width(tick_text(tick)));
  x.from = widest + 10 + (options.y_label.empty() ? 0 : 18);
  x.to = width - 16;
  y.from = options.height - (options.x_label.empty() ? 24 : 42);
  y.to = title_height(options) + legend + 8;

  svg += draw_axes(x, y, options);
  // An inner <svg> cuts off what lies beyond the ends of the axes, with room for the width of a line.
  const double w = x.to - x.from + 8;
  const double h = y.from - y.to + 8;
  svg += fmt::format(
      R"(<svg x="{0:.1f}" y="{1:.1f}" width="{2:.1f}" height="{3:.1f}" viewBox="{0:.1f} {1:.1f} {2:.1f} {3:.1f}">)",
      x.from - 4, y.to - 4, w, h);
  for (size_t i = 0; i < series.size(); ++i) svg += draw(series[i], i, x, y);
  return svg + "</svg>\n</svg>\n";
}

}  // namespace

std::string line_chart(std::span<const Series> series, const ChartOptions& options) {
  return draw_chart(series, options, draw_line);
}

std::string scatter_chart(std::span<const Series> series, const ChartOptions& options) {
  return draw_chart(series, options, draw_points);
}

}  // namespace spinenet::plot
