// What every head's postprocessing does with a network's raw outputs.
//
// Thread contract: pure functions.
#pragma once

#include <cmath>

#include "detect/box.h"

namespace spinenet::detect {

inline float sigmoid(float logit) {
  return 1.0F / (1.0F + std::exp(-logit));
}

// Codes that are no numbers, or too large, give boxes that are not.
inline bool is_finite(const Box& box) {
  return std::isfinite(box.x1) && std::isfinite(box.y1) && std::isfinite(box.x2) && std::isfinite(box.y2);
}

}  // namespace spinenet::detect
