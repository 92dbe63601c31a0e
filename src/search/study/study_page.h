// A study as a page of HTML: its trials counted, ranked and drawn.
//
// Thread contract: a pure function.
#pragma once

#include <string>
#include <vector>

#include "search/study/study.h"

namespace spinenet::search {

// Best-so-far curves of `others` beside the study's own.
std::string study_page(const Study& study, const std::vector<Study>& others);

}  // namespace spinenet::search
