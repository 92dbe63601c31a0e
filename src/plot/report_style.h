// The style sheet of the report: one column of at most 1080 pixels, two charts side by side where there is room, light
// and dark after the reader's wish, plain on paper.
//
// Thread contract: a function of nothing.
#pragma once

#include <string_view>

namespace spinenet::plot {

std::string_view report_style();

}  // namespace spinenet::plot
