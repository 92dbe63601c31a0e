// Which anchor learns which box: by intersection over union against two thresholds (Faster R-CNN, Ren et al. 2015,
// section 3.1.2), with the best anchor of every box forced to it.
//
// Thread contract: pure functions.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "detect/box.h"

namespace spinenet::detect {

inline constexpr int32_t kBackground = -1;  // the anchor learns "nothing here"
inline constexpr int32_t kIgnored = -2;     // the anchor learns nothing at all

struct MatchOptions {
  float positive = 0.5F;    // at least this: matched
  float negative = 0.5F;    // below this: background; between the two: ignored
  bool force_match = true;  // each box takes its best anchor, whatever the overlap, as long as there is some
};

// For each anchor the index of the box with the highest overlap (the first one of equals), kBackground or kIgnored;
// an anchor that overlaps nothing is background.
// Forced: the anchor with the highest overlap (the first of equals) goes to the box; where it was already forced to an
// earlier box, the best one still free. Boxes without an area match nothing.
std::vector<int32_t> match(std::span<const Box> anchors, std::span<const Box> boxes, const MatchOptions& options);

// Background anchors with more than `share` of their area inside one crowd box become kIgnored; matched ones stay.
void ignore_crowd(std::span<const Box> anchors, std::span<const Box> crowd, std::span<int32_t> matches,
                  float share = 0.5F);

}  // namespace spinenet::detect
