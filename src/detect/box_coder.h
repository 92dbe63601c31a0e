// A box as its offset from an anchor: (dy, dx, dh, dw), the centre's move in anchor sizes and the log of the size ratio
// (R-CNN, Girshick et al. 2014, appendix C), without variances.
//
// Invariant: decode(encode(b, a), a) is b up to rounding, while b is at most 1000 / 16 times as large as a.
// Thread contract: pure functions.
#pragma once

#include <array>
#include <span>

#include "detect/box.h"

namespace spinenet::detect {

using BoxCode = std::array<float, 4>;  // dy, dx, dh, dw

// dh and dw above this are cut when decoding: log(1000 / 16), so that exp() of an untrained output stays finite.
inline constexpr float kMaxLogScale = 4.135166556742356F;

// Both boxes have an area above 0.
BoxCode encode(const Box& box, const Box& anchor);
Box decode(std::span<const float, 4> code, const Box& anchor);

}  // namespace spinenet::detect
