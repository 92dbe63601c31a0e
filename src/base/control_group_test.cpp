#include "base/control_group.h"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/machine_memory.h"
#include "base/output_fixture.h"
#include "base/scratch_folder_fixture.h"

namespace spinenet {
namespace {

// Files below a made-up root, and how many processors they allow.
struct MadeUpTree {
  std::string name;
  std::vector<std::pair<std::string, std::string>> files;
  std::optional<double> processors;
};

void put_tree(const std::filesystem::path& root, const MadeUpTree& tree) {
  for (const auto& [path, content] : tree.files) {
    std::filesystem::create_directories((root / path).parent_path());
    fixture::put_file(root / path, content);
  }
}

const std::string kTwo = "31 23 0:28 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";
const std::string kOne =
    "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n"
    "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
    "33 31 0:30 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n";
const std::string kGroups = "proc/self/cgroup", kMounts = "proc/self/mountinfo";
const std::string kCpuOne = "sys/fs/cgroup/cpu,cpuacct/";

std::vector<MadeUpTree> version_two() {
  return {
      {"no groups", {}, std::nullopt},
      {"the first group of all has no quota", {{kGroups, "0::/\n"}, {kMounts, kTwo}}, std::nullopt},
      {"of a container, which sees its own group alone",
       {{kGroups, "0::/\n"}, {kMounts, kTwo}, {"sys/fs/cgroup/cpu.max", "50000 100000\n"}},
       0.5},
      {"no quota is max",
       {{kGroups, "0::/a\n"}, {kMounts, kTwo}, {"sys/fs/cgroup/a/cpu.max", "max 100000\n"}},
       std::nullopt},
      {"of its own group",
       {{kGroups, "0::/user.slice/run.scope\n"},
        {kMounts, kTwo},
        {"sys/fs/cgroup/user.slice/run.scope/cpu.max", "150000 100000\n"},
        {"sys/fs/cgroup/user.slice/cpu.max", "max 100000\n"}},
       1.5},
      {"of a group around it, which allows less",
       {{kGroups, "0::/service/worker/one\n"},
        {kMounts, kTwo},
        {"sys/fs/cgroup/service/worker/one/cpu.max", "400000 100000\n"},
        {"sys/fs/cgroup/service/cpu.max", "30000 10000\n"}},
       3.0},
      {"of another group, which is none of its own",
       {{kGroups, "0::/a\n"}, {kMounts, kTwo}, {"sys/fs/cgroup/b/cpu.max", "10000 100000\n"}},
       std::nullopt},
      {"mounted elsewhere",
       {{kGroups, "0::/a\n"},
        {kMounts, "40 23 0:28 / /run/groups rw - cgroup2 none rw\n"},
        {"run/groups/a/cpu.max", "10000 100000\n"},
        {"sys/fs/cgroup/a/cpu.max", "90000 100000\n"}},
       0.1},
      {"mounted at a place with a space in its name",
       {{kGroups, "0::/a\n"},
        {kMounts, "40 23 0:28 / /my\\040groups rw - cgroup2 none rw\n"},
        {"my groups/a/cpu.max", "20000 100000\n"}},
       0.2},
      {"only a part of the tree is mounted",
       {{kGroups, "0::/docker/c1/inner\n"},
        {kMounts, "40 23 0:28 /docker/c1 /sys/fs/cgroup rw - cgroup2 none rw\n"},
        {"sys/fs/cgroup/inner/cpu.max", "60000 100000\n"},
        {"sys/fs/cgroup/cpu.max", "70000 100000\n"}},
       0.6},
      {"a name that begins alike is another group",
       {{kGroups, "0::/docker/c10\n"},
        {kMounts, "40 23 0:28 /docker/c1 /sys/fs/cgroup rw - cgroup2 none rw\n"},
        {"sys/fs/cgroup/cpu.max", "70000 100000\n"},
        {"sys/fs/cgroup/0/cpu.max", "10000 100000\n"}},
       0.7},
      {"a group outside of what the process may see",
       {{kGroups, "0::/../other\n"}, {kMounts, kTwo}, {"sys/fs/cgroup/cpu.max", "80000 100000\n"}},
       0.8},
      {"a name with colons",
       {{kGroups, "0::/a:b:c\n"}, {kMounts, kTwo}, {"sys/fs/cgroup/a:b:c/cpu.max", "90000 100000\n"}},
       0.9},
  };
}

std::vector<MadeUpTree> version_one_and_broken() {
  return {
      {"version 1",
       {{kGroups, "4:cpu,cpuacct:/a\n3:cpuset:/b\n"},
        {kMounts, kOne},
        {kCpuOne + "a/cpu.cfs_quota_us", "50000\n"},
        {kCpuOne + "a/cpu.cfs_period_us", "100000\n"}},
       0.5},
      {"version 1 without a quota",
       {{kGroups, "4:cpu,cpuacct:/a\n"},
        {kMounts, kOne},
        {kCpuOne + "a/cpu.cfs_quota_us", "-1\n"},
        {kCpuOne + "a/cpu.cfs_period_us", "100000\n"}},
       std::nullopt},
      {"version 1, of a group around it",
       {{kGroups, "4:cpu,cpuacct:/a/b/c\n"},
        {kMounts, kOne},
        {kCpuOne + "a/b/c/cpu.cfs_quota_us", "-1\n"},
        {kCpuOne + "a/b/c/cpu.cfs_period_us", "100000\n"},
        {kCpuOne + "a/cpu.cfs_quota_us", "250000\n"},
        {kCpuOne + "a/cpu.cfs_period_us", "100000\n"}},
       2.5},
      {"version 1 in a container that knows its name outside",
       {{kGroups, "4:cpu,cpuacct:/docker/c1\n"},
        {kMounts, "32 31 0:29 /docker/c1 /sys/fs/cgroup/cpu,cpuacct ro - cgroup cgroup rw,cpu,cpuacct\n"},
        {kCpuOne + "cpu.cfs_quota_us", "20000\n"},
        {kCpuOne + "cpu.cfs_period_us", "100000\n"}},
       0.2},
      {"version 1 of other controllers is none",
       {{kGroups, "3:cpuset:/a\n2:cpuacct:/a\n"},
        {kMounts, kOne},
        {kCpuOne + "a/cpu.cfs_quota_us", "20000\n"},
        {kCpuOne + "a/cpu.cfs_period_us", "100000\n"}},
       std::nullopt},
      {"both versions, the lesser counts",
       {{kGroups, "4:cpu,cpuacct:/a\n0::/a\n"},
        {kMounts, kOne + "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"},
        {kCpuOne + "a/cpu.cfs_quota_us", "200000\n"},
        {kCpuOne + "a/cpu.cfs_period_us", "100000\n"},
        {"sys/fs/cgroup/unified/a/cpu.max", "110000 100000\n"}},
       1.1},
      {"no list of mounts: the usual places",
       {{kGroups, "2:cpu:/a\n0::/b\n"},
        {"sys/fs/cgroup/cpu/a/cpu.cfs_quota_us", "30000\n"},
        {"sys/fs/cgroup/cpu/a/cpu.cfs_period_us", "100000\n"},
        {"sys/fs/cgroup/b/cpu.max", "40000 100000\n"}},
       0.3},
      {"files that hold something else set no limit",
       {{kGroups, "\nbroken\n0:\n0::/a\n"},
        {kMounts, "\n1 2 3\n40 23 0:28 / / rw\n" + kTwo},
        {"sys/fs/cgroup/a/cpu.max", "many 100000\n"},
        {"sys/fs/cgroup/cpu.max", "100000\n"}},
       std::nullopt},
      {"a period of nothing sets no limit",
       {{kGroups, "0::/a\n"}, {kMounts, kTwo}, {"sys/fs/cgroup/a/cpu.max", "100000 0\n"}},
       std::nullopt},
  };
}

TEST(ControlGroup, QuotasOfVersionTwo) {
  for (const MadeUpTree& tree : version_two()) {
    const fixture::ScratchFolder root;
    put_tree(root.path(), tree);
    EXPECT_EQ(group_processors(root.path()), tree.processors) << tree.name;
  }
}

TEST(ControlGroup, QuotasOfVersionOneAndBrokenFiles) {
  for (const MadeUpTree& tree : version_one_and_broken()) {
    const fixture::ScratchFolder root;
    put_tree(root.path(), tree);
    EXPECT_EQ(group_processors(root.path()), tree.processors) << tree.name;
  }
}

TEST(ControlGroup, FoldersGoFromTheInnermostOut) {
  const fixture::ScratchFolder root;
  put_tree(root.path(), {"", {{kGroups, "0::/a/b\n"}, {kMounts, kTwo}}, {}});
  const std::filesystem::path first = root / "sys/fs/cgroup";
  const std::vector<GroupFolder> expected{
      {GroupVersion::two, first / "a/b"}, {GroupVersion::two, first / "a"}, {GroupVersion::two, first}};
  EXPECT_EQ(group_folders("cpu", root.path()), expected);
}

// Memory is looked for in the same groups.
TEST(ControlGroup, MemoryFollowsTheMounts) {
  const fixture::ScratchFolder root;
  put_tree(root.path(), {"",
                         {{kGroups, "4:memory:/docker/c1/inner\n"},
                          {kMounts, "35 31 0:32 /docker/c1 /groups/memory rw - cgroup cgroup rw,memory\n"},
                          {"groups/memory/inner/memory.limit_in_bytes", "6000\n"},
                          {"groups/memory/memory.limit_in_bytes", "5000\n"}},
                         {}});
  EXPECT_EQ(group_memory(root.path()), 5000);
}

}  // namespace
}  // namespace spinenet
