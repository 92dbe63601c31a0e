// What a processor that is no x86 tells of itself, by way of Linux.
#include <hwy/base.h>
#include <sys/auxv.h>

#include "kernels/processor.h"

namespace spinenet::kernels {

CpuidWords read_cpuid() {
  return {};
}

std::vector<std::string_view> processor_features() {
  if constexpr (HWY_ARCH_ARM_A64 != 0) return arm_features_of(::getauxval(AT_HWCAP), ::getauxval(AT_HWCAP2));
  return {};
}

void pause_in_loop() {
  if constexpr (HWY_ARCH_ARM_A64 != 0) asm volatile("yield");
}

}  // namespace spinenet::kernels
