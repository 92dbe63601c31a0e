// The summary of a study in words, as `search` and `study show` print it.
//
// Thread contract: pure functions.
#pragma once

#include <string>

#include "base/json.h"

namespace spinenet::search {

// A metric that counts something in short form, or as it is where it is no count: a study may hold any number.
std::string count_text(double value);

// Of search::study_summary.
std::string study_summary_text(const Json& summary);

}  // namespace spinenet::search
