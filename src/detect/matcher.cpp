#include "detect/matcher.h"

#include <algorithm>
#include <array>

namespace spinenet::detect {
namespace {

constexpr size_t kBlock = 512;

using Lane = std::array<float, kBlock>;

// A block of anchors, one array per coordinate, so that the loop over them compiles to vector instructions. The end of
// the last block is filled up with boxes that overlap nothing.
struct AnchorBlock {
  Lane x1{}, y1{}, x2{}, y2{}, area{};
};

void load(AnchorBlock& block, std::span<const Box> anchors) {
  for (size_t i = 0; i < kBlock; ++i) {
    const Box anchor = i < anchors.size() ? anchors[i] : Box{};
    block.x1[i] = anchor.x1;
    block.y1[i] = anchor.y1;
    block.x2[i] = anchor.x2;
    block.y2[i] = anchor.y2;
    block.area[i] = anchor.area();
  }
}

// Same operations in the same order as iou() of box.h, without branches. 0 / 0 gives a NaN, which loses every
// comparison.
void overlaps(const AnchorBlock& block, const Box& box, Lane& result) {
  const float box_area = box.area();
  for (size_t i = 0; i < kBlock; ++i) {
    const float right = block.x2[i] < box.x2 ? block.x2[i] : box.x2;
    const float left = block.x1[i] > box.x1 ? block.x1[i] : box.x1;
    const float bottom = block.y2[i] < box.y2 ? block.y2[i] : box.y2;
    const float top = block.y1[i] > box.y1 ? block.y1[i] : box.y1;
    const float w = right - left > 0 ? right - left : 0.0F;
    const float h = bottom - top > 0 ? bottom - top : 0.0F;
    const float shared = w * h;
    result[i] = shared / (block.area[i] + box_area - shared);
  }
}

// Both loops count or mask instead of branching, for the vector instructions' sake.
bool any_above(const Lane& values, float limit) {
  int count = 0;
  for (size_t i = 0; i < kBlock; ++i) count += values[i] > limit ? 1 : 0;
  return count > 0;
}

void keep_best(const Lane& values, int32_t box, Lane& best, std::array<int32_t, kBlock>& owner) {
  for (size_t i = 0; i < kBlock; ++i) {
    const int32_t better = values[i] > best[i] ? -1 : 0;
    owner[i] = (box & better) | (owner[i] & ~better);
    best[i] = best[i] < values[i] ? values[i] : best[i];
  }
}

struct BestAnchor {
  float overlap = 0;
  size_t anchor = 0;
};

BestAnchor first_highest(const Lane& overlap, size_t start) {
  BestAnchor best;
  for (size_t i = 0; i < kBlock; ++i) {
    if (overlap[i] > best.overlap) best = {overlap[i], start + i};
  }
  return best;
}

// The best anchor for the box among those not taken.
BestAnchor best_free(std::span<const Box> anchors, const Box& box, const std::vector<bool>& taken) {
  BestAnchor best;
  for (size_t i = 0; i < anchors.size(); ++i) {
    if (taken[i]) continue;
    const float overlap = iou(anchors[i], box);
    if (overlap > best.overlap) best = {overlap, i};
  }
  return best;
}

void force(std::span<const Box> anchors, std::span<const Box> boxes, std::span<const BestAnchor> best,
           std::vector<int32_t>& matches) {
  std::vector<bool> taken(anchors.size());
  for (size_t b = 0; b < boxes.size(); ++b) {
    BestAnchor chosen = best[b];
    if (chosen.overlap > 0 && taken[chosen.anchor]) chosen = best_free(anchors, boxes[b], taken);
    if (!(chosen.overlap > 0)) continue;
    taken[chosen.anchor] = true;
    matches[chosen.anchor] = static_cast<int32_t>(b);
  }
}

}  // namespace

std::vector<int32_t> match(std::span<const Box> anchors, std::span<const Box> boxes, const MatchOptions& options) {
  std::vector<int32_t> matches(anchors.size(), kBackground);
  std::vector<BestAnchor> best_anchor(boxes.size());
  AnchorBlock block;
  Lane values;
  for (size_t start = 0; start < anchors.size(); start += kBlock) {
    const size_t count = std::min(kBlock, anchors.size() - start);
    load(block, anchors.subspan(start, count));
    Lane best{};
    std::array<int32_t, kBlock> owner{};
    for (size_t b = 0; b < boxes.size(); ++b) {
      overlaps(block, boxes[b], values);
      keep_best(values, static_cast<int32_t>(b), best, owner);
      if (any_above(values, best_anchor[b].overlap)) best_anchor[b] = first_highest(values, start);
    }
    for (size_t i = 0; i < count; ++i) {
      if (!(best[i] > 0)) continue;
      if (best[i] >= options.positive) {
        matches[start + i] = owner[i];
      } else if (best[i] >= options.negative) {
        matches[start + i] = kIgnored;
      }
    }
  }
  if (options.force_match) force(anchors, boxes, best_anchor, matches);
  return matches;
}

void ignore_crowd(std::span<const Box> anchors, std::span<const Box> crowd, std::span<int32_t> matches, float share) {
  for (size_t i = 0; i < anchors.size(); ++i) {
    if (matches[i] != kBackground) continue;
    const Box& anchor = anchors[i];
    for (const Box& region : crowd) {
      const float w = std::min(anchor.x2, region.x2) - std::max(anchor.x1, region.x1);
      const float h = std::min(anchor.y2, region.y2) - std::max(anchor.y1, region.y1);
      if (w > 0 && h > 0 && w * h > share * anchor.area()) {
        matches[i] = kIgnored;
        break;
      }
    }
  }
}

}  // namespace spinenet::detect
