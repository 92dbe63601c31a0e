// What all charts share: their options, the frame of the chart and text in it.
//
// Thread contract: free functions on their arguments.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace spinenet::plot {

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

// The opening tag with the style and the title; the caller adds "</svg>".
std::string open_chart(const ChartOptions& options, double width, double height);

struct ChartText {
  double x = 0;
  double y = 0;
  std::string_view style = "label";  // title, label, tick, value or over (on a filled cell)
  std::string_view anchor = "start";
  double turn = 0;  // degrees, clockwise, about (x, y)
};
std::string draw_text(const ChartText& place, std::string_view text);

// A straight line of style "grid" or "axis".
std::string draw_rule(std::string_view style, double x1, double y1, double x2, double y2);

// Estimated width in pixels at the size of chart text.
double text_width(std::string_view text);

// Cut to `characters`, the last one an ellipsis where something is missing.
std::string shorten(std::string_view text, int characters);

// Height that the title takes.
double title_height(const ChartOptions& options);

}  // namespace spinenet::plot
