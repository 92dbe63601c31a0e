// A comparison as a page, without its images.
//
// Thread contract: pure functions.
#pragma once

#include <string_view>

#include "compare/result.h"
#include "plot/compare_page.h"

namespace spinenet::compare {

plot::ComparePage page_of(const Comparison& comparison);

// Mean and deviation of a number over the runs at each step that all of them measured.
plot::Series learning_curve(const Contestant& contestant, std::string_view number);

}  // namespace spinenet::compare
