// What each anchor of an image has to learn: its class, and for the matched ones the code of their box.
//
// Invariant: classes has one entry per anchor (an index into the class list, kBackground or kIgnored), codes four;
// positives counts the entries of classes that are 0 or more. Crowd regions are never learned as objects: they turn
// background anchors that lie mostly within them into ignored ones.
// Thread contract: pure function.
// Source: RetinaNet (Lin et al. 2017), section 4.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "data/loading/dataset.h"
#include "detect/matcher.h"

namespace spinenet::data {

struct AnchorLabels {
  std::vector<int32_t> classes;
  std::vector<float> codes;  // [anchors, 4] dy, dx, dh, dw; 0 where not matched
  int positives = 0;

  bool operator==(const AnchorLabels&) const = default;
};

struct LabelOptions {
  detect::MatchOptions match;
  float crowd_share = 0.5F;  // of an anchor's area within one crowd region: more is ignored
};

AnchorLabels label_anchors(std::span<const detect::Box> anchors, std::span<const Target> targets,
                           const LabelOptions& options = {});

}  // namespace spinenet::data
