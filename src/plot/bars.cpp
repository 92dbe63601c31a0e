#include "plot/bars.h"

#include <algorithm>
#include <cmath>

#include "base/format.h"
#include "plot/axis.h"
#include "plot/markup.h"

namespace spinenet::plot {
namespace {

constexpr double kBarRow = 22;
constexpr int kMaxName = 28;

}  // namespace

std::string bar_chart(std::span<const Bar> bars, const ChartOptions& options) {
  double low = options.x_min.value_or(0);
  double high = options.x_max.value_or(0);
  double names = 0;
  for (const Bar& bar : bars) {
    if (std::abs(bar.value) <= kAxisLimit) {
      low = std::min(low, bar.value);
      high = std::max(high, bar.value);
    }
    names = std::max(names, text_width(shorten(bar.name, kMaxName)));
  }
  const std::vector<double> ticks = nice_ticks(low, high, 5);
  low = ticks.front();
  high = options.x_max && *options.x_max >= high ? *options.x_max : ticks.back();

  const double left = names + 10;
  const double right = std::max(left + 40, static_cast<double>(options.width) - 52);
  const double top = title_height(options) + 6;
  const double bottom = top + kBarRow * static_cast<double>(std::max<size_t>(bars.size(), 1));
  const double height = bottom + (options.x_label.empty() ? 24 : 42);
  const auto place = [&](double value) { return left + (value - low) / (high - low) * (right - left); };

  std::string svg = open_chart(options, options.width, height);
  if (bars.empty()) svg += draw_text({.x = options.width / 2.0, .y = top + 14, .anchor = "middle"}, "no values");
  for (const double tick : ticks) {
    if (tick > high) continue;
    svg += draw_rule("grid", place(tick), top, place(tick), bottom);
    svg += draw_text({.x = place(tick), .y = bottom + 16, .style = "tick", .anchor = "middle"}, tick_text(tick));
  }
  for (size_t i = 0; i < bars.size(); ++i) {
    const double y = top + kBarRow * static_cast<double>(i);
    const double value = bars[i].value;
    svg += draw_text({.x = left - 8, .y = y + 15, .anchor = "end"}, shorten(bars[i].name, kMaxName));
    if (!(std::abs(value) <= kAxisLimit)) {
      svg += draw_text({.x = place(0) + 5, .y = y + 15, .style = "value"}, "–");
      continue;
    }
    svg += fmt::format("<rect class=\"f0\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" rx=\"2\"/>\n",
                       std::min(place(0), place(value)), y + 4, std::abs(place(value) - place(0)), kBarRow - 8);
    svg += draw_text({.x = std::max(place(0), place(value)) + 5, .y = y + 15, .style = "value"},
                     bars[i].text.empty() ? fmt::format("{:.3g}", value) : bars[i].text);
  }
  svg += draw_rule("axis", place(0), top, place(0), bottom);
  if (!options.x_label.empty()) {
    svg += draw_text({.x = (left + right) / 2, .y = bottom + 34, .anchor = "middle"}, options.x_label);
  }
  return svg + "</svg>\n";
}

}  // namespace spinenet::plot
