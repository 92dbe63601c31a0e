// Which instruction sets this processor has and the operating system lets programs use: a set whose registers the
// system does not save is none. Asked of the processor itself, so that no library is loaded for it.
//
// Invariant: each set includes all instructions that the kernels of its name are compiled with, so a wider set implies
// the narrower one. Thread contract: free functions.
// Source: Intel's Software Developer's Manual, volume 1, "Detection of AVX-512 Foundation Instructions"
// (13.3, 14.3, 15.2), volume 2, CPUID; Linux, Documentation/arm64/elf_hwcaps.rst.
//
// The folder x86 has what only x86 processors can run, the folder other what stands in its place on all others:
// src/CMakeLists.txt takes one of the two.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace spinenet::kernels {

// What an x86 processor tells of itself, by leaf and register of cpuid; zero where it knows no such leaf.
struct CpuidWords {
  uint32_t leaf1_ecx = 0;
  uint32_t leaf7_ebx = 0, leaf7_ecx = 0;
  uint32_t leaf7_edx = 0;
  uint32_t leaf7_1_eax = 0;      // subleaf 1
  uint32_t extended_ecx = 0;     // leaf 0x80000001
  uint64_t saved_registers = 0;  // the control register XCR0: what the system saves; zero without XSAVE
};

struct InstructionSets {
  bool avx2 = false;    // with FMA, BMI, BMI2, F16C, LZCNT and AES
  bool avx512 = false;  // F, BW, DQ and VL
  bool avx512_vnni = false;
  bool avx512_bf16 = false;
  bool amx = false;  // tiles of bf16 values and bytes; Linux lends their registers to those who ask (tiles.h)
};

InstructionSets instruction_sets_of(const CpuidWords& words);

// All zero on processors that are no x86.
CpuidWords read_cpuid();

// Of a 64-bit ARM processor, from what Linux says of it (the auxiliary vector's AT_HWCAP and AT_HWCAP2). None of them
// is asked for: the kernels named "portable" use NEON ("asimd"), which every such processor has.
std::vector<std::string_view> arm_features_of(uint64_t hwcap, uint64_t hwcap2);

// What matters to the kernels of this processor's features, by the names that Linux has for them; amx where its tiles
// may be used.
std::vector<std::string_view> processor_features();

// Of this machine.
const InstructionSets& instruction_sets();

// Tells the processor that its thread waits in a loop for another one: it saves power, or lends its units to a thread
// that shares the core.
void pause_in_loop();

}  // namespace spinenet::kernels
