// Proposals of a region proposal network: boxes that may hold an object of whatever class (Faster R-CNN, Ren et al.
// 2015, section 3.3, over the levels of a pyramid as in FPN, Lin et al. 2017, section 4.1).
//
// Per level the surest anchors are decoded, clipped to the image and thinned by suppression, then the surest of all
// levels remain. Equal scores are ordered by anchor, which is by level, row, column, shape; so the result is the same
// everywhere. Logits and boxes that are not numbers are left out.
// Thread contract: pure functions.
#pragma once

#include <span>
#include <vector>

#include "detect/box.h"
#include "detect/postprocess.h"

namespace spinenet::detect {

struct ProposalOptions {
  int pre_nms = 2000;   // of each level, by score
  int post_nms = 1000;  // of all levels together; also of each
  float iou = 0.7F;
  float min_size = 0;  // pixels; boxes with a shorter side are dropped, as are those without an area
};

// One image. `levels` with the logits of one class: objectness, [A, H, W]. `anchors` as make_anchors returns them for
// the same levels. Boxes are clipped to height x width: the image within the input, without its padding. Falling
// order of score.
struct Proposal {
  Box box;
  float logit = 0;
};
std::vector<Proposal> propose(std::span<const LevelOutput> levels, std::span<const Box> anchors, const Extent& image,
                              const ProposalOptions& options);

}  // namespace spinenet::detect
