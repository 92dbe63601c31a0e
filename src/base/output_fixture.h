// Files that tests write: whatever is there is replaced.
#pragma once

#include <filesystem>
#include <string_view>

#include "base/output.h"

namespace spinenet::fixture {

inline Output output(const std::filesystem::path& file, const FileLayer& layer = system_file_layer()) {
  return Output::inside_own_folder(file, "", layer);
}

inline void put_file(const std::filesystem::path& file, std::string_view content) {
  output(file).write(content);
}

}  // namespace spinenet::fixture
