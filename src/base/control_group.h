// The control groups (cgroups) that this process is in, versions 1 and 2: what they allow is the least that the
// process's own group and all groups around it allow.
//
// Invariant: a group that cannot be seen sets no limit; a container may see only some of them, its own perhaps under
// another name. Thread contract: free functions.
// Source: cgroups(7), proc_pid_mountinfo(5), the kernel's documents "Control Group v2" and "CFS Bandwidth Control".
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace spinenet {

enum class GroupVersion { one, two };

// A folder of /sys/fs/cgroup in which a group's limits are files.
struct GroupFolder {
  GroupVersion version = GroupVersion::two;
  std::filesystem::path path;

  bool operator==(const GroupFolder&) const = default;
};

// Those of the process's group for a controller, "cpu" or "memory" say, and of the groups around it, innermost first.
// `root`: of the file system; tests give another.
std::vector<GroupFolder> group_folders(std::string_view controller, const std::filesystem::path& root);

// How many processors' time the groups allow, 0.5 say; nothing where they set no quota.
std::optional<double> group_processors(const std::filesystem::path& root = "/");

}  // namespace spinenet
