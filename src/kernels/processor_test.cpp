#include "kernels/processor.h"

#include <functional>
#include <vector>

#include <gtest/gtest.h>

namespace spinenet::kernels {
namespace {

// Every set, and every register saved.
constexpr CpuidWords kEverything{.leaf1_ecx = ~0u,
                                 .leaf7_ebx = ~0u,
                                 .leaf7_ecx = ~0u,
                                 .leaf7_edx = ~0u,
                                 .leaf7_1_eax = ~0u,
                                 .extended_ecx = ~0u,
                                 .saved_registers = 0xe7};

// How many sets are said to be there; a set without the one below it would be a fault of its own.
int count_of(const CpuidWords& words) {
  const InstructionSets sets = instruction_sets_of(words);
  EXPECT_TRUE(sets.avx2 || !sets.avx512);
  EXPECT_TRUE(sets.avx512 || !(sets.avx512_vnni || sets.avx512_bf16));
  return sets.avx2 + sets.avx512 + sets.avx512_vnni + sets.avx512_bf16;
}

CpuidWords changed(const std::function<void(CpuidWords&)>& change) {
  CpuidWords words = kEverything;
  change(words);
  return words;
}

TEST(Processor, ASetNeedsAllItsParts) {
  EXPECT_EQ(count_of(kEverything), 4);
  EXPECT_EQ(count_of({}), 0);
  // The bits of the manual, one at a time: leaf 1 ecx, leaf 7 ebx and leaf 0x80000001 ecx.
  for (const int bit : {0, 1, 9, 12, 19, 20, 25, 28, 29}) {
    EXPECT_EQ(count_of(changed([bit](CpuidWords& words) { words.leaf1_ecx &= ~(1u << bit); })), 0) << bit;
  }
  for (const int bit : {3, 5, 8}) {
    EXPECT_EQ(count_of(changed([bit](CpuidWords& words) { words.leaf7_ebx &= ~(1u << bit); })), 0) << bit;
  }
  EXPECT_EQ(count_of(changed([](CpuidWords& words) { words.extended_ecx &= ~(1u << 5); })), 0);
  for (const int bit : {16, 17, 30, 31}) {
    EXPECT_EQ(count_of(changed([bit](CpuidWords& words) { words.leaf7_ebx &= ~(1u << bit); })), 1) << bit;
  }
  EXPECT_FALSE(instruction_sets_of(changed([](CpuidWords& words) { words.leaf7_ecx = 0; })).avx512_vnni);
  EXPECT_FALSE(instruction_sets_of(changed([](CpuidWords& words) { words.leaf7_1_eax = 0; })).avx512_bf16);
}

TEST(Processor, TilesNeedAllTheirInstructionsAndRegisters) {
  const auto with_tiles = [](const std::function<void(CpuidWords&)>& change) {
    return instruction_sets_of(changed([&](CpuidWords& words) {
             words.saved_registers |= 0x60000;
             change(words);
           }))
        .amx;
  };
  EXPECT_TRUE(with_tiles([](CpuidWords&) {}));
  for (const int bit : {22, 24, 25}) {
    EXPECT_FALSE(with_tiles([bit](CpuidWords& words) { words.leaf7_edx &= ~(1u << bit); })) << bit;
  }
  for (const int bit : {17, 18}) {
    EXPECT_FALSE(with_tiles([bit](CpuidWords& words) { words.saved_registers &= ~(uint64_t{1} << bit); })) << bit;
  }
  EXPECT_FALSE(with_tiles([](CpuidWords& words) { words.leaf7_1_eax = 0; })) << "rounding to bf16 is AVX-512's";
}

TEST(Processor, ASetNeedsASystemThatSavesItsRegisters) {
  const std::vector<std::pair<uint64_t, int>> cases{
      {0, 0},                    // a system without XSAVE
      {0x3, 0},                  // saves XMM alone
      {0x5, 0},                  // YMM without XMM, which no system has
      {0x7, 1},                  // a system from before AVX-512, or one that switched it off
      {0x27, 1},                 // masks alone
      {0x67, 1},                 // not the upper sixteen registers
      {0xe7, 4}, {0x600e7, 4}};  // with AMX
  for (const auto& [saved, count] : cases) {
    EXPECT_EQ(count_of(changed([saved = saved](CpuidWords& words) { words.saved_registers = saved; })), count) << saved;
  }
}

TEST(Processor, FeaturesOfArmHaveTheNamesOfLinux) {
  EXPECT_TRUE(arm_features_of(0, 0).empty());
  // What Linux tells of a Raspberry Pi 4: fp asimd evtstrm crc32 cpuid.
  EXPECT_EQ(arm_features_of(0x887, 0), (std::vector<std::string_view>{"asimd"}));
  EXPECT_EQ(arm_features_of(uint64_t{1} << 20 | 2, uint64_t{1} << 13 | uint64_t{1} << 14),
            (std::vector<std::string_view>{"asimd", "asimddp", "i8mm", "bf16"}));
}

}  // namespace
}  // namespace spinenet::kernels
