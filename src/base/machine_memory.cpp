#include "base/machine_memory.h"

#include <algorithm>
#include <fstream>

#include <unistd.h>

#include "base/control_group.h"

namespace spinenet {
namespace {

std::optional<int64_t> lesser(std::optional<int64_t> a, std::optional<int64_t> b) {
  if (!a || !b) return a ? a : b;
  return std::min(*a, *b);
}

// Nothing for "max", and for a file that is not there.
std::optional<int64_t> number_in(const std::filesystem::path& path) {
  std::ifstream file(path);
  int64_t number = 0;
  return file >> number ? std::optional(number) : std::nullopt;
}

}  // namespace

std::optional<int64_t> group_memory(const std::filesystem::path& root) {
  std::optional<int64_t> least;
  for (const GroupFolder& folder : group_folders("memory", root)) {
    const bool is_two = folder.version == GroupVersion::two;
    least = lesser(least, number_in(folder.path / (is_two ? "memory.max" : "memory.limit_in_bytes")));
  }
  return least;
}

std::optional<int64_t> machine_memory() {
  const int64_t pages = ::sysconf(_SC_PHYS_PAGES), bytes = ::sysconf(_SC_PAGESIZE);
  return lesser(pages > 0 && bytes > 0 ? std::optional(pages * bytes) : std::nullopt, group_memory());
}

}  // namespace spinenet
