// A comparison as tables: the networks, then what they reach. The first row has the names of the columns.
//
// Thread contract: pure functions.
#pragma once

#include <string>
#include <vector>

#include "compare/result.h"

namespace spinenet::compare {

std::vector<std::vector<std::string>> network_rows(const Comparison& comparison);

// Which numbers have their deviation over the seeds beside them.
enum class SpreadOf { claimed, all };
std::vector<std::vector<std::string>> number_rows(const Comparison& comparison, SpreadOf spread);

// For a terminal: narrow tables under each other, those of the differences last, what each is of in a line below. All
// deviations are in compare.json and on the page.
std::string terminal_text(const Comparison& comparison);

}  // namespace spinenet::compare
