#include <algorithm>

#include <gtest/gtest.h>
#include <hwy/base.h>

#include "kernels/kernels.h"
#include "kernels/processor.h"

namespace spinenet::kernels {
namespace {

TEST(Processor, AnotherProcessorHasNoneOfThoseOfX86) {
  const InstructionSets& sets = instruction_sets();
  EXPECT_FALSE(sets.avx2 || sets.avx512 || sets.avx512_vnni || sets.avx512_bf16 || sets.amx);
  ASSERT_EQ(all_kernels().size(), 1u);
  EXPECT_EQ(all_kernels().front().name, "portable");
  EXPECT_EQ(find_tile_kernels(), nullptr);
}

TEST(Processor, EveryArmProcessorHasNeon) {
  if (HWY_ARCH_ARM_A64 == 0) GTEST_SKIP() << "no ARM";
  const std::vector<std::string_view> names = processor_features();
  EXPECT_TRUE(std::ranges::find(names, "asimd") != names.end());
}

}  // namespace
}  // namespace spinenet::kernels
