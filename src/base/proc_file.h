// What Linux tells about processor and system in text files of lines "key : value", as /proc/cpuinfo (proc(5)).
//
// Invariant: a file or key that is not there has the value "". Thread contract: a free function.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace spinenet {

// The value in the first line that begins with `key`.
std::string proc_value(const std::filesystem::path& file, std::string_view key);

}  // namespace spinenet
