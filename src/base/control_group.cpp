#include "base/control_group.h"

#include <algorithm>
#include <fstream>
#include <sstream>

namespace spinenet {
namespace {

using Path = std::filesystem::path;

// Where a hierarchy of groups is mounted: `group` is seen at `point`.
struct GroupMount {
  GroupVersion version = GroupVersion::two;
  Path group, point;
};

bool holds_word(const std::string& list, std::string_view word) {
  std::istringstream words(list);
  for (std::string each; std::getline(words, each, ',');) {
    if (each == word) return true;
  }
  return false;
}

// Spaces and the like are written as a backslash and three octal digits.
std::string unescaped(const std::string& text) {
  std::string plain;
  const auto is_octal = [](char c) { return c >= '0' && c <= '7'; };
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size() && std::all_of(&text[i + 1], &text[i + 1] + 3, is_octal)) {
      plain += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0'));
      i += 3;
    } else {
      plain += text[i];
    }
  }
  return plain;
}

// The mounts of the controller's hierarchy, and of version 2, which has all controllers that version 1 has not.
std::vector<GroupMount> group_mounts(std::string_view controller, const Path& root) {
  std::vector<GroupMount> mounts;
  std::ifstream lines(root / "proc/self/mountinfo");
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string id, parent, device, group, point, word, type, source, options;
    words >> id >> parent >> device >> group >> point;
    while (words >> word && word != "-") {
    }
    if (!(words >> type >> source >> options)) continue;
    if (type == "cgroup2") mounts.push_back({GroupVersion::two, unescaped(group), unescaped(point)});
    if (type == "cgroup" && holds_word(options, controller)) {
      mounts.push_back({GroupVersion::one, unescaped(group), unescaped(point)});
    }
  }
  const auto add_usual_place = [&](GroupVersion version, const Path& point) {
    const auto is_known = [&](const GroupMount& mount) { return mount.version == version; };
    if (std::none_of(mounts.begin(), mounts.end(), is_known)) mounts.push_back({version, "/", point});
  };
  add_usual_place(GroupVersion::two, "/sys/fs/cgroup");
  add_usual_place(GroupVersion::one, Path("/sys/fs/cgroup") / controller);
  return mounts;
}

// The group as its path below the mounted one; the mounted one itself where the process's group is not below it, which
// is how a container meets its own group under its name outside.
Path within_mount(const Path& group, const GroupMount& mount) {
  const Path below = group.lexically_relative(mount.group);
  const bool outside = below.empty() || *below.begin() == "..";
  return outside ? Path() : below.lexically_normal();
}

void add_with_those_around(const Path& group, const GroupMount& mount, const Path& root,
                           std::vector<GroupFolder>& folders) {
  const Path first = root / mount.point.relative_path();
  for (Path below = within_mount(group, mount); !below.empty() && below != "."; below = below.parent_path()) {
    folders.push_back({mount.version, first / below});
  }
  folders.push_back({mount.version, first});
}

// What is written after `line`'s second colon is the group: its name may hold colons.
std::optional<std::pair<std::string, std::string>> controllers_and_group(const std::string& line) {
  const size_t colon = line.find(':');
  const size_t second = colon == std::string::npos ? colon : line.find(':', colon + 1);
  if (second == std::string::npos) return std::nullopt;
  return std::pair(line.substr(colon + 1, second - colon - 1), line.substr(second + 1));
}

// Version 2: "QUOTA PERIOD" in microseconds, QUOTA may be "max". Version 1: a file of each, -1 for no quota.
std::optional<double> quota_in(const GroupFolder& folder) {
  double quota = 0, period = 0;
  if (folder.version == GroupVersion::two) {
    std::ifstream both(folder.path / "cpu.max");
    both >> quota >> period;
  } else {
    std::ifstream(folder.path / "cpu.cfs_quota_us") >> quota;
    std::ifstream(folder.path / "cpu.cfs_period_us") >> period;
  }
  return quota > 0 && period > 0 ? std::optional(quota / period) : std::nullopt;
}

}  // namespace

std::vector<GroupFolder> group_folders(std::string_view controller, const Path& root) {
  const std::vector<GroupMount> mounts = group_mounts(controller, root);
  std::vector<GroupFolder> folders;
  std::ifstream lines(root / "proc/self/cgroup");  // lines of number:controllers:group
  for (std::string line; std::getline(lines, line);) {
    const auto entry = controllers_and_group(line);
    if (!entry) continue;
    const auto& [controllers, group] = *entry;
    const bool is_two = controllers.empty();
    if (!is_two && !holds_word(controllers, controller)) continue;
    for (const GroupMount& mount : mounts) {
      if ((mount.version == GroupVersion::two) == is_two) add_with_those_around(group, mount, root, folders);
    }
  }
  return folders;
}

std::optional<double> group_processors(const Path& root) {
  std::optional<double> least;
  for (const GroupFolder& folder : group_folders("cpu", root)) {
    const std::optional<double> quota = quota_in(folder);
    if (quota) least = std::min(*quota, least.value_or(*quota));
  }
  return least;
}

}  // namespace spinenet
