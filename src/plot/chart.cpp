#include "plot/chart.h"

#include <algorithm>

#include "base/format.h"
#include "plot/markup.h"

namespace spinenet::plot {
namespace {

bool continues_character(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

}  // namespace

std::string open_chart(const ChartOptions& options, double width, double height) {
  const std::string title = escape_markup(options.title);
  std::string svg = fmt::format(
      R"(<svg xmlns="http://www.w3.org/2000/svg" class="chart" role="img" aria-label="{}" width="{:.0f}" height="{:.0f}" viewBox="0 0 {:.0f} {:.0f}"><style>{}</style>)"
      "\n",
      title, width, height, width, height, chart_style());
  if (!options.title.empty()) svg += draw_text({.x = 0, .y = 15, .style = "title"}, options.title);
  return svg;
}

std::string draw_text(const ChartText& place, std::string_view text) {
  const std::string turn =
      place.turn == 0 ? "" : fmt::format(" transform=\"rotate({:g} {:.1f} {:.1f})\"", place.turn, place.x, place.y);
  const std::string anchor = place.anchor == "start" ? "" : fmt::format(R"( text-anchor="{}")", place.anchor);
  return fmt::format("<text class=\"{}\" x=\"{:.1f}\" y=\"{:.1f}\"{}{}>{}</text>\n", place.style, place.x, place.y,
                     anchor, turn, escape_markup(text));
}

std::string draw_rule(std::string_view style, double x1, double y1, double x2, double y2) {
  return fmt::format("<line class=\"{}\" x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\"/>\n", style, x1, y1,
                     x2, y2);
}

double text_width(std::string_view text) {
  return 6.4 *
         static_cast<double>(std::count_if(text.begin(), text.end(), [](char c) { return !continues_character(c); }));
}

std::string shorten(std::string_view text, int characters) {
  int seen = 0;
  size_t keep = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (continues_character(text[i])) continue;
    ++seen;
    if (seen == characters) keep = i;
    if (seen > characters) return std::string(text.substr(0, keep)) + "…";
  }
  return std::string(text);
}

double title_height(const ChartOptions& options) {
  return options.title.empty() ? 0 : 24;
}

}  // namespace spinenet::plot
