#include "base/yaml_file.h"

#include "base/files.h"

namespace spinenet {

std::string read_yaml_file(const std::filesystem::path& path) {
  return read_file(path, kMostYamlBytes);
}

}  // namespace spinenet
