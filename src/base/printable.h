// Text from outside (names of files, classes, workers, keys) on its way to a terminal or a log.
//
// Thread contract: a pure function.
#pragma once

#include <string>
#include <string_view>

namespace spinenet {

// With control characters, those of C1 in UTF-8 too, and bytes that are no UTF-8 written as \xNN. Line breaks and tabs stay.
std::string printable(std::string_view text);

}  // namespace spinenet
