// A comparison as a page, but for its pictures.
//
// Thread contract: pure functions.
#pragma once

#include "cli/compare_result.h"
#include "plot/compare_page.h"

namespace spinenet::cli {

plot::ComparePage page_of(const Comparison& comparison);

// Mean and deviation over the runs at each step that all of them measured.
plot::Series learning_curve(const Contestant& contestant);

}  // namespace spinenet::cli
