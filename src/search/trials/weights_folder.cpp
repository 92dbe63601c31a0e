#include "search/trials/weights_folder.h"

#include <algorithm>

#include "base/error.h"
#include "base/files.h"
#include "base/format.h"
#include "base/wide_checksum.h"

namespace spinenet::search {
namespace {

constexpr std::string_view kEnding = ".safetensors";
constexpr size_t kDigits = 16;

std::string name_of_bytes(std::string_view bytes) {
  return fmt::format("{:016x}{}", wide_checksum(bytes), kEnding);
}

}  // namespace

bool is_weights_name(std::string_view name) {
  constexpr std::string_view kHexadecimal = "0123456789abcdef";
  return name.size() == kDigits + kEnding.size() && name.ends_with(kEnding) &&
         name.find_first_not_of(kHexadecimal) == kDigits;
}

std::string keep_weights(const OwnedFolder& folder, std::string_view bytes) {
  std::string name = name_of_bytes(bytes);
  folder.file(name).write(bytes);
  return name;
}

KeptWeights read_weights(const OwnedFolder& folder, const std::string& name) {
  const std::filesystem::path file = folder.path() / name;
  if (!is_weights_name(name)) return {std::nullopt, fmt::format("{}: names no weights", file.string())};
  try {
    std::string bytes = read_file(file);
    if (const std::string own = name_of_bytes(bytes); own != name) {
      return {std::nullopt, fmt::format("{}: its bytes have the checksum {}, so it is damaged", file.string(),
                                        own.substr(0, kDigits))};
    }
    return {std::move(bytes), ""};
  } catch (const Error& error) {
    return {std::nullopt, error.what()};
  }
}

}  // namespace spinenet::search
