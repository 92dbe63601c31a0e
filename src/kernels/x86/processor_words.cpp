// What an x86 processor tells of itself.
#include <array>

#include <cpuid.h>

#include "kernels/processor.h"
#include "kernels/tiles.h"

namespace spinenet::kernels {
namespace {

constexpr uint32_t kOsXsave = uint32_t{1} << 27;  // of leaf 1, ecx: XGETBV may be used

// Allowed where kOsXsave is set.
uint64_t read_saved_registers() {
  uint32_t low = 0, high = 0;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return uint64_t{high} << 32 | low;
}

}  // namespace

CpuidWords read_cpuid() {
  CpuidWords words;
  uint32_t eax = 0, ebx = 0, ecx = 0, edx = 0;
  if (__get_cpuid(1, &eax, &ebx, &ecx, &edx) != 0) words.leaf1_ecx = ecx;
  if (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) != 0) {
    words.leaf7_ebx = ebx;
    words.leaf7_ecx = ecx;
    words.leaf7_edx = edx;
    const uint32_t last_subleaf = eax;
    if (last_subleaf >= 1 && __get_cpuid_count(7, 1, &eax, &ebx, &ecx, &edx) != 0) words.leaf7_1_eax = eax;
  }
  if (__get_cpuid(0x80000001, &eax, &ebx, &ecx, &edx) != 0) words.extended_ecx = ecx;
  if ((words.leaf1_ecx & kOsXsave) != 0) words.saved_registers = read_saved_registers();
  return words;
}

std::vector<std::string_view> processor_features() {
  std::vector<std::string_view> names;
  __builtin_cpu_init();
  if (__builtin_cpu_supports("sse4.2") != 0) names.emplace_back("sse4.2");
  if (__builtin_cpu_supports("avx") != 0) names.emplace_back("avx");
  if (__builtin_cpu_supports("avx2") != 0) names.emplace_back("avx2");
  if (__builtin_cpu_supports("fma") != 0) names.emplace_back("fma");
  if (__builtin_cpu_supports("avx512f") != 0) names.emplace_back("avx512f");
  if (__builtin_cpu_supports("avx512bw") != 0) names.emplace_back("avx512bw");
  if (__builtin_cpu_supports("avx512vnni") != 0) names.emplace_back("avx512vnni");
  if (__builtin_cpu_supports("avx512bf16") != 0) names.emplace_back("avx512bf16");
  if (find_tile_kernels() != nullptr) names.emplace_back("amx");
  return names;
}

void pause_in_loop() {
  __builtin_ia32_pause();
}

}  // namespace spinenet::kernels
