// Where the rows of a product's block are: two pointers and three distances for up to kRegisterRows rows. x86 adds a
// distance once, twice or four times to a pointer while it loads, so nothing else is computed and no register is lost
// to it.
//
// Thread contract: a value of one thread.
#pragma once

#include <cstdint>

#include <hwy/base.h>

#include "kernels/kernels.h"

namespace spinenet::kernels {

// Hides from the compiler where a number comes from. It would otherwise keep an address for each row and step of k,
// more than there are registers, and make them again for each block.
template <class T>
HWY_INLINE void as_it_is(T& x) {
#if HWY_COMPILER_GCC || HWY_COMPILER_CLANG
  asm("" : "+r"(x));
#else
  (void)x;
#endif
}

template <class T>
struct RowPointers {
  const T* first = nullptr;
  const T* eighth = nullptr;
  int64_t one = 0, three = 0, five = 0;  // from row to row

  HWY_INLINE RowPointers(const T* a, int64_t stride)
      : first(a), eighth(a + 7 * stride), one(stride), three(3 * stride), five(5 * stride) {
    as_it_is(one);
    as_it_is(three);
    as_it_is(five);
  }

  template <int kRow>
  HWY_INLINE const T* row() const {
    static_assert(kRow < kRegisterRows);
    constexpr int kFrom = kRow % 7;
    const T* from = kRow < 7 ? first : eighth;
    if constexpr (kFrom == 3 || kFrom == 6) return from + kFrom / 3 * three;
    if constexpr (kFrom == 5) return from + five;
    return from + kFrom * one;
  }

  HWY_INLINE void advance(int64_t count) {
    first += count;
    eighth += count;
    as_it_is(first);
    as_it_is(eighth);
  }
};

}  // namespace spinenet::kernels
