// The summary of a study in words, as `search` and `study show` print it.
//
// Thread contract: a pure function.
#pragma once

#include <string>

#include "base/json.h"

namespace spinenet::cli {

// Of search::study_summary.
std::string study_summary_text(const Json& summary);

}  // namespace spinenet::cli
