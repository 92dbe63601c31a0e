#include "runtime/machine_facts.h"

#include <gtest/gtest.h>

#include "base/output_fixture.h"
#include "base/scratch_folder_fixture.h"

namespace spinenet::runtime {
namespace {

std::string name_in(std::string_view text) {
  const fixture::ScratchFolder folder;
  fixture::put_file(folder / "cpuinfo", text);
  return processor_name(folder / "cpuinfo");
}

TEST(MachineFacts, TheProcessorHasTheNameThatTheSystemGivesIt) {
  EXPECT_EQ(name_in("processor\t: 0\nmodel name\t: AMD EPYC\n"), "AMD EPYC");
  EXPECT_EQ(name_in("processor\t: 0\n"), "unknown");
}

TEST(MachineFacts, NumbersOfArmProcessorsBecomeNames) {
  const std::string_view raspberry_pi_4 =
      "processor\t: 0\nBogoMIPS\t: 108.00\nFeatures\t: fp asimd evtstrm crc32 cpuid\nCPU implementer\t: 0x41\n"
      "CPU architecture: 8\nCPU variant\t: 0x0\nCPU part\t: 0xd08\nCPU revision\t: 3\n";
  EXPECT_EQ(name_in(raspberry_pi_4), "ARM Cortex-A72");
  EXPECT_EQ(name_in("CPU implementer\t: 0x41\nCPU part\t: 0xfff\n"), "ARM, implementer 0x41, part 0xfff");
  EXPECT_EQ(name_in("CPU implementer\t: 0x61\nCPU part\t: 0xd08\n"), "ARM, implementer 0x61, part 0xd08");
}

}  // namespace
}  // namespace spinenet::runtime
