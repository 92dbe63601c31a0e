// For which instruction sets Highway compiles the loops: AVX-512 and AVX2 beside what every processor has, which is
// SSE2 on x86-64 and NEON on 64-bit ARM. The loops keep their sums in arrays of vectors, which SVE's vectors cannot be
// in: their size is known at run time alone. Included before Highway.
#pragma once

#ifndef HWY_DISABLED_TARGETS
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4 | HWY_AVX3_DL | HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128)
#endif
