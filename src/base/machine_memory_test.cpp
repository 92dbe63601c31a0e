#include "base/machine_memory.h"

#include <string>

#include <gtest/gtest.h>

#include "base/output_fixture.h"
#include "base/scratch_folder_fixture.h"

namespace spinenet {
namespace {

class MachineMemory : public testing::Test {
 protected:
  void put(const std::string& path, const std::string& content) const {
    std::filesystem::create_directories((root_ / path).parent_path());
    fixture::put_file(root_ / path, content);
  }

  fixture::ScratchFolder root_;
};

TEST_F(MachineMemory, OfAMachineWithoutGroupsHasNoLimit) {
  EXPECT_EQ(group_memory(root_.path()), std::nullopt);
  put("proc/self/cgroup", "0::/\n");
  EXPECT_EQ(group_memory(root_.path()), std::nullopt);
}

TEST_F(MachineMemory, IsTheLeastOfTheGroupsAround) {
  put("proc/self/cgroup", "0::/service/worker\n");
  put("sys/fs/cgroup/service/worker/memory.max", "max\n");
  EXPECT_EQ(group_memory(root_.path()), std::nullopt);
  put("sys/fs/cgroup/service/memory.max", "7000\n");
  EXPECT_EQ(group_memory(root_.path()), 7000);
  put("sys/fs/cgroup/service/worker/memory.max", "6000\n");
  EXPECT_EQ(group_memory(root_.path()), 6000);
  put("sys/fs/cgroup/memory.max", "5000\n");
  EXPECT_EQ(group_memory(root_.path()), 5000);
}

// A container sees its own group as the first of all, whatever its name outside.
TEST_F(MachineMemory, OfTheFirstVersionIsReadToo) {
  put("proc/self/cgroup", "5:cpu,cpuacct:/a\n4:hugetlb,memory:/outside/name\nbroken\n0::/\n");
  put("sys/fs/cgroup/memory/a/memory.limit_in_bytes", "1\n");
  EXPECT_EQ(group_memory(root_.path()), std::nullopt);
  put("sys/fs/cgroup/memory/memory.limit_in_bytes", "8000\n");
  EXPECT_EQ(group_memory(root_.path()), 8000);
}

TEST_F(MachineMemory, OfThisMachineIsWithinItsGroup) {
  const auto machine = machine_memory();
  ASSERT_TRUE(machine.has_value());
  EXPECT_GT(*machine, 1 << 20);
  EXPECT_LE(*machine, group_memory().value_or(*machine));
}

}  // namespace
}  // namespace spinenet
