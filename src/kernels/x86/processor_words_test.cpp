#include <algorithm>

#include <gtest/gtest.h>
#include <hwy/targets.h>

#include "kernels/processor.h"

namespace spinenet::kernels {
namespace {

TEST(Processor, AgreesWithHighway) {
  const int64_t targets = hwy::SupportedTargets();
  EXPECT_EQ(instruction_sets().avx2, (targets & HWY_AVX2) != 0);
  EXPECT_EQ(instruction_sets().avx512, (targets & HWY_AVX3) != 0);
}

TEST(Processor, AgreesWithTheCompilersOwnQuestion) {
  __builtin_cpu_init();
  EXPECT_EQ(instruction_sets().avx512_vnni, instruction_sets().avx512 && __builtin_cpu_supports("avx512vnni") != 0);
  EXPECT_EQ(instruction_sets().avx512_bf16, instruction_sets().avx512 && __builtin_cpu_supports("avx512bf16") != 0);
}

TEST(Processor, ItsFeaturesAreThoseThatTheKernelsAsk) {
  const std::vector<std::string_view> names = processor_features();
  const auto has = [&](std::string_view name) { return std::ranges::find(names, name) != names.end(); };
  EXPECT_TRUE(has("avx2") || !instruction_sets().avx2);
  EXPECT_TRUE(has("avx512bw") || !instruction_sets().avx512);
}

}  // namespace
}  // namespace spinenet::kernels
