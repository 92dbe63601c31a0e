// Files of YAML that people write, as recipes are: no more is read of one than parse_yaml takes.
//
// Thread contract: may be called from several threads.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace spinenet {

inline constexpr int64_t kMostYamlBytes = int64_t{1} << 20;

// The text; ErrorKind::bad_data where the file holds more, told before any of it is read.
std::string read_yaml_file(const std::filesystem::path& path);

}  // namespace spinenet
