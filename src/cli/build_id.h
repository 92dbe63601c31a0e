// Which build a program is of: the version and a hash of all sources. Programs of one build work together; another one
// is refused by name. The build writes the function's source (cmake/SpinenetBuildId.cmake).
//
// Thread contract: a free function.
#pragma once

#include <string_view>

namespace spinenet::cli {

// "0.2.0-3f2a9c41d07b"
std::string_view build_id();

}  // namespace spinenet::cli
