// Text and colours that SVG and HTML output share.
//
// Thread contract: free functions on their arguments.
#pragma once

#include <string>
#include <string_view>

namespace spinenet::plot {

// The five characters with a meaning in markup become entities, so the result is safe in element text and in quoted
// attributes. Control characters that XML forbids and broken UTF-8 become U+FFFD.
std::string escape_markup(std::string_view text);

// The style of a chart, for use inside its <svg>: text and line classes that follow the reader's light or dark scheme,
// and the series colours s0 to s7 (stroke) and f0 to f7 (fill).
std::string_view chart_style();

// Number of colours before they repeat.
inline constexpr int kSeriesColours = 8;

std::string base64(std::string_view bytes);

}  // namespace spinenet::plot
