// Whether a study is about what a caller thinks it is about.
//
// Thread contract: pure functions.
#pragma once

#include <string_view>

#include "search/store/store.h"

namespace spinenet::search {

// ErrorKind::bad_data when a study cannot be about this: texts that are not UTF-8, a lag below 1.
void validate(const StudyDescription& description, std::string_view place);

// ErrorKind::usage when the two differ, naming the first field that does, with both values: of a long text the first
// line that differs, around the place where it does.
void require_same(const StudyDescription& kept, const StudyDescription& wanted, std::string_view place);

}  // namespace spinenet::search
