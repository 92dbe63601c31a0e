// The window of a dilated convolution, tap after tap into a row of a product.
//
// Thread contract: pure functions on the memory that they are given.
#pragma once

#include <algorithm>

#include "engine/plan/plan.h"

namespace spinenet::engine {

struct DilatedWindow {
  int64_t top = 0, left = 0;  // of the first tap; negative where the window begins in the padding
  int64_t kernel = 1, dilation = 1;
};

inline DilatedWindow window_of(const graph::Conv& conv, int64_t y, int64_t x) {
  return {y * conv.stride - conv.pad_before, x * conv.stride - conv.pad_before, conv.kernel, conv.dilation};
}

// `in`: an image of the map. Numbers of taps outside the map are `outside`.
template <class Number>
void gather_taps(const DilatedWindow& window, const Map& map, const Number* in, Number outside, Number* to) {
  const int64_t stride = map.stride;
  for (int64_t i = 0; i < window.kernel; ++i) {
    const int64_t y = window.top + i * window.dilation;
    for (int64_t j = 0; j < window.kernel; ++j, to += stride) {
      const int64_t x = window.left + j * window.dilation;
      if (y >= 0 && y < map.shape.height && x >= 0 && x < map.shape.width) {
        std::copy_n(in + (y * map.shape.width + x) * stride, stride, to);
      } else {
        std::fill_n(to, stride, outside);
      }
    }
  }
}

}  // namespace spinenet::engine
