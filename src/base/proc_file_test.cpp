#include "base/proc_file.h"

#include <gtest/gtest.h>

#include "base/output_fixture.h"
#include "base/scratch_folder_fixture.h"

namespace spinenet {
namespace {

TEST(ProcFile, HasTheValueOfTheFirstLineThatBeginsWithTheKey) {
  const fixture::ScratchFolder folder;
  fixture::put_file(folder / "cpuinfo",
                    "processor\t: 0\nmodel\t\t: 17\nmodel name\t: AMD EPYC: one\nempty :\n\nmodel name\t: another\n");
  EXPECT_EQ(proc_value(folder / "cpuinfo", "model"), "17");
  EXPECT_EQ(proc_value(folder / "cpuinfo", "model name"), "AMD EPYC: one");
  EXPECT_EQ(proc_value(folder / "cpuinfo", "empty"), "");
  EXPECT_EQ(proc_value(folder / "cpuinfo", "stepping"), "");
  EXPECT_EQ(proc_value(folder / "none", "model"), "");
}

}  // namespace
}  // namespace spinenet
