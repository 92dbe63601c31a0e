// What the commands that write into a folder of their own check before they change anything in it.
//
// Thread contract: pure functions but for what they look at.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/owned_folder.h"

namespace spinenet::data {

// ErrorKind::usage where the file or folder lies in `out`, whatever links lead to it: what is in `out` is replaced.
void refuse_inside(const std::filesystem::path& out, const std::filesystem::path& path, std::string_view what);
// The same for all that was read: where a file lies in `out`, or `out` lies in a folder of which the files at any depth
// belong to the set, so that the next run would read what this one writes.
void refuse_read_inside(const std::filesystem::path& out, const std::vector<std::filesystem::path>& files,
                        const std::vector<std::filesystem::path>& folders);
// ErrorKind::usage where a file of that name is there and was not made by the program.
void refuse_foreign(const OwnedFolder& folder, const std::string& name);

}  // namespace spinenet::data
