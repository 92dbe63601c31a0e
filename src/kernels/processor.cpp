#include "kernels/processor.h"

#include <array>
#include <utility>

namespace spinenet::kernels {
namespace {

constexpr uint32_t bit(int number) {
  return uint32_t{1} << number;
}

constexpr bool has_all(uint64_t word, uint64_t bits) {
  return (word & bits) == bits;
}

// What the kernels named "avx2" are compiled with (HWY_TARGET_STR_AVX2 of Highway's ops/set_macros-inl.h), and LZCNT,
// which Highway asks for, too. The sets up to SSE2 are those of every x86-64.
constexpr uint32_t kAvx2Leaf1 = bit(0) | bit(1) | bit(9) | bit(12) | bit(19) | bit(20) | bit(25) | bit(28) |
                                bit(29);                   // SSE3, PCLMUL, SSSE3, FMA, SSE4.1, SSE4.2, AES, AVX, F16C
constexpr uint32_t kAvx2Leaf7 = bit(3) | bit(5) | bit(8);  // BMI, AVX2, BMI2
constexpr uint32_t kAvx2Extended = bit(5);                 // LZCNT
constexpr uint32_t kAvx512Leaf7 = bit(16) | bit(17) | bit(30) | bit(31);  // F, DQ, BW, VL
constexpr uint32_t kVnniLeaf7Ecx = bit(11), kBf16Leaf7Subleaf1 = bit(5);
constexpr uint32_t kAmxLeaf7Edx = bit(22) | bit(24) | bit(25);                   // AMX-BF16, AMX-TILE, AMX-INT8
constexpr uint64_t kAmxRegisters = bit(17) | bit(18);                            // the tiles' shapes, the tiles
constexpr uint64_t kAvxRegisters = bit(1) | bit(2);                              // XMM, YMM
constexpr uint64_t kAvx512Registers = kAvxRegisters | bit(5) | bit(6) | bit(7);  // masks, ZMM, ZMM16 to 31

// Bits of AT_HWCAP and AT_HWCAP2 (Linux, arch/arm64/include/uapi/asm/hwcap.h) that matter to the kernels, with the
// names that /proc/cpuinfo has for them.
using NamedBit = std::pair<int, std::string_view>;
constexpr std::array<NamedBit, 6> kArmFeatures{
    {{1, "asimd"}, {9, "fphp"}, {10, "asimdhp"}, {20, "asimddp"}, {22, "sve"}, {23, "asimdfhm"}}};
constexpr std::array<NamedBit, 3> kMoreArmFeatures{{{1, "sve2"}, {13, "i8mm"}, {14, "bf16"}}};

}  // namespace

InstructionSets instruction_sets_of(const CpuidWords& words) {
  InstructionSets sets;
  sets.avx2 = has_all(words.leaf1_ecx, kAvx2Leaf1) && has_all(words.leaf7_ebx, kAvx2Leaf7) &&
              has_all(words.extended_ecx, kAvx2Extended) && has_all(words.saved_registers, kAvxRegisters);
  sets.avx512 = sets.avx2 && has_all(words.leaf7_ebx, kAvx512Leaf7) && has_all(words.saved_registers, kAvx512Registers);
  sets.avx512_vnni = sets.avx512 && has_all(words.leaf7_ecx, kVnniLeaf7Ecx);
  sets.avx512_bf16 = sets.avx512 && has_all(words.leaf7_1_eax, kBf16Leaf7Subleaf1);
  sets.amx =
      sets.avx512_bf16 && has_all(words.leaf7_edx, kAmxLeaf7Edx) && has_all(words.saved_registers, kAmxRegisters);
  return sets;
}

std::vector<std::string_view> arm_features_of(uint64_t hwcap, uint64_t hwcap2) {
  std::vector<std::string_view> names;
  for (const auto& [number, name] : kArmFeatures) {
    if ((hwcap >> number & 1) != 0) names.push_back(name);
  }
  for (const auto& [number, name] : kMoreArmFeatures) {
    if ((hwcap2 >> number & 1) != 0) names.push_back(name);
  }
  return names;
}

const InstructionSets& instruction_sets() {
  static const InstructionSets sets = instruction_sets_of(read_cpuid());
  return sets;
}

}  // namespace spinenet::kernels
