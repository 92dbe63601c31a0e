// Lines of a window, one after the other into a row of a product.
//
// Thread contract: pure functions on the memory that they are given.
#pragma once

#include <cstdint>
#include <cstring>

namespace spinenet::engine {

struct LineCount {
  int64_t lines = 0, length = 0;
};

// `lines` of `length` numbers, `stride` apart, none of which is read at `end` or beyond. Short ones are copied as
// kAtOnce numbers, which is faster than to count: what is too much of a line comes before the next, and of the last
// lies behind the row, which needs room for kAtOnce numbers.
template <int64_t kAtOnce, class Number>
void copy_lines(const Number* from, int64_t stride, const Number* end, const LineCount& count, Number* to) {
  const Number* const last = from + (count.lines - 1) * stride;
  if (count.length <= kAtOnce && end - last >= kAtOnce) {
    for (int64_t i = 0; i < count.lines; ++i) {
      std::memcpy(to + i * count.length, from + i * stride, kAtOnce * sizeof(Number));
    }
    return;
  }
  for (int64_t i = 0; i < count.lines; ++i) {
    std::memcpy(to + i * count.length, from + i * stride, static_cast<size_t>(count.length) * sizeof(Number));
  }
}

}  // namespace spinenet::engine
