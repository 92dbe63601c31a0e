// Why nothing can be had at a path, for messages.
//
// Thread contract: may be called from several threads.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace spinenet {

// `absent`, or the system's reason where it does not tell whether anything is there (no permission, too long a name).
std::string why_not_there(const std::filesystem::path& path, std::string_view absent);

}  // namespace spinenet
