// Images that a tiny detector learns at once: what the tests of training take for a data set.
//
// Thread contract: pure functions.
#pragma once

#include <algorithm>
#include <cstdint>

#include "data/loading/batch.h"
#include "image/image.h"

namespace spinenet::train::fixture {

// A bright square of 40 pixels on a dark ground, its place and its class by the number `i`; in a crowd it is part of
// one. The labels are the caller's.
inline data::Prepared square_image(int64_t i, int size, bool crowd = false) {
  data::Prepared p;
  p.image_id = i;
  p.image = image::make_image(size, size, 20);
  const int x = static_cast<int>(16 + 13 * (i % 5));
  const int y = static_cast<int>(10 + 17 * (i % 4));
  for (int row = y; row < y + 40; ++row) {
    for (int column = x; column < x + 40; ++column) std::fill_n(p.image.at(row, column), 3, uint8_t{220});
  }
  p.targets = {{detect::Box{static_cast<float>(x), static_cast<float>(y), static_cast<float>(x + 40),
                            static_cast<float>(y + 40)},
                static_cast<int>(i % 2), crowd}};
  return p;
}

}  // namespace spinenet::train::fixture
