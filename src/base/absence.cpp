#include "base/absence.h"

#include <system_error>

#include "base/format.h"

namespace spinenet {

std::string why_not_there(const std::filesystem::path& path, std::string_view absent) {
  std::error_code unknown;
  if (std::filesystem::exists(path, unknown) || !unknown) return std::string(absent);
  return fmt::format("cannot be reached: {}", unknown.message());
}

}  // namespace spinenet
