#include "detect/proposals.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <tuple>

#include "base/error.h"
#include "base/format.h"
#include "detect/box_coder.h"
#include "detect/nms.h"

namespace spinenet::detect {
namespace {

struct AnchorScore {
  float logit;
  int64_t anchor;  // within the level

  bool operator<(const AnchorScore& other) const {
    return std::tuple(-logit, anchor) < std::tuple(-other.logit, other.anchor);
  }
};

// The surest anchors of a level in falling order.
std::vector<AnchorScore> surest(const LevelOutput& level, int64_t per_cell, int limit) {
  const int64_t cells = int64_t{level.height} * level.width;
  std::vector<AnchorScore> candidates;
  candidates.reserve(static_cast<size_t>(cells * per_cell));
  for (int64_t cell = 0; cell < cells; ++cell) {
    for (int64_t shape = 0; shape < per_cell; ++shape) {
      const float logit = level.classes[shape * cells + cell];
      if (!std::isnan(logit)) candidates.push_back({logit, cell * per_cell + shape});
    }
  }
  const size_t kept = std::min(candidates.size(), static_cast<size_t>(std::max(0, limit)));
  std::partial_sort(candidates.begin(), candidates.begin() + static_cast<std::ptrdiff_t>(kept), candidates.end());
  candidates.resize(kept);
  return candidates;
}

Box decode_at(const LevelOutput& level, int64_t anchor, int64_t per_cell, const Box& box) {
  const int64_t cells = int64_t{level.height} * level.width;
  BoxCode code;
  for (int64_t i = 0; i < 4; ++i) {
    code[static_cast<size_t>(i)] = level.boxes[(anchor % per_cell * 4 + i) * cells + anchor / per_cell];
  }
  return decode(code, box);
}

// False for boxes with a NaN, too.
bool is_usable(const Box& box, float min_size) {
  return box.width() > 0 && box.height() > 0 && box.width() >= min_size && box.height() >= min_size;
}

std::vector<Proposal> propose_at(const LevelOutput& level, std::span<const Box> anchors, const Extent& picture,
                                 const ProposalOptions& options) {
  const int64_t per_cell = static_cast<int64_t>(anchors.size()) / (int64_t{level.height} * level.width);
  std::vector<Box> boxes;
  std::vector<float> logits;
  for (const AnchorScore& candidate : surest(level, per_cell, options.pre_nms)) {
    const Box& anchor = anchors[static_cast<size_t>(candidate.anchor)];
    const Box box = clip(decode_at(level, candidate.anchor, per_cell, anchor), static_cast<float>(picture.width),
                         static_cast<float>(picture.height));
    if (!is_usable(box, options.min_size)) continue;
    boxes.push_back(box);
    logits.push_back(candidate.logit);
  }
  std::vector<Proposal> proposals;
  for (const int kept : nms(boxes, logits, options.iou, options.post_nms)) {
    proposals.push_back({boxes[static_cast<size_t>(kept)], logits[static_cast<size_t>(kept)]});
  }
  return proposals;
}

}  // namespace

std::vector<Proposal> propose(std::span<const LevelOutput> levels, std::span<const Box> anchors, const Extent& picture,
                              const ProposalOptions& options) {
  int64_t cells = 0;
  for (const LevelOutput& level : levels) cells += int64_t{level.height} * level.width;
  const auto anchor_count = static_cast<int64_t>(anchors.size());
  if (cells == 0 || anchor_count == 0 || anchor_count % cells != 0) {
    fail(ErrorKind::failed, fmt::format("{} anchors do not spread evenly over the {} cells of {} levels", anchor_count,
                                        cells, levels.size()));
  }
  const int64_t per_cell = anchor_count / cells;
  std::vector<Proposal> all;
  size_t first = 0;
  for (const LevelOutput& level : levels) {
    const auto count = static_cast<size_t>(int64_t{level.height} * level.width * per_cell);
    const std::vector<Proposal> found = propose_at(level, anchors.subspan(first, count), picture, options);
    all.insert(all.end(), found.begin(), found.end());
    first += count;
  }
  // Each level is in falling order and stands before the coarser ones: a stable sort keeps equals in that order.
  std::stable_sort(all.begin(), all.end(), [](const Proposal& a, const Proposal& b) { return a.logit > b.logit; });
  if (all.size() > static_cast<size_t>(std::max(0, options.post_nms))) {
    all.resize(static_cast<size_t>(std::max(0, options.post_nms)));
  }
  return all;
}

}  // namespace spinenet::detect
