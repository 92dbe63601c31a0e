#include "base/machine_memory.h"

#include <algorithm>
#include <fstream>
#include <string>
#include <string_view>

#include <unistd.h>

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

// From the group up to the first of all. A container may see only some of them.
std::optional<int64_t> least_of_groups(const std::filesystem::path& first, const std::filesystem::path& group,
                                       std::string_view file) {
  std::optional<int64_t> least = number_in(first / file);
  for (std::filesystem::path at = first / group.relative_path(); at != first; at = at.parent_path()) {
    least = lesser(least, number_in(at / file));
  }
  return least;
}

}  // namespace

std::optional<int64_t> group_memory(const std::filesystem::path& root) {
  const std::filesystem::path first = root / "sys/fs/cgroup";
  std::ifstream groups(root / "proc/self/cgroup");  // lines of number:controllers:group
  std::optional<int64_t> least;
  for (std::string line; std::getline(groups, line);) {
    const size_t colon = line.find(':'), second = line.find(':', colon + 1);
    if (colon == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = line.substr(colon + 1, second - colon - 1), group = line.substr(second + 1);
    if (controllers.empty()) least = lesser(least, least_of_groups(first, group, "memory.max"));
    if (("," + controllers + ",").find(",memory,") != std::string::npos) {
      least = lesser(least, least_of_groups(first / "memory", group, "memory.limit_in_bytes"));
    }
  }
  return least;
}

std::optional<int64_t> machine_memory() {
  const int64_t pages = ::sysconf(_SC_PHYS_PAGES), bytes = ::sysconf(_SC_PAGESIZE);
  return lesser(pages > 0 && bytes > 0 ? std::optional(pages * bytes) : std::nullopt, group_memory());
}

}  // namespace spinenet
