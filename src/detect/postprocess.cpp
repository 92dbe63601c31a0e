#include "detect/postprocess.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include "base/error.h"
#include "base/format.h"
#include "detect/box_coder.h"
#include "detect/nms.h"
#include "detect/raw_outputs.h"
#include "detect/shortlist.h"

namespace spinenet::detect {
namespace {

// Comparing logits leaves the exponential to the few that pass.
float logit(float probability) {
  if (probability <= 0) return -std::numeric_limits<float>::infinity();
  if (probability >= 1) return std::numeric_limits<float>::infinity();
  return std::log(probability / (1 - probability));
}

// A logit below which every score is lower than this one. Near 0 and 1 a score says little of its logit.
float surely_below(float score) {
  constexpr float kLow = 1e-30F, kHigh = 0.9F;
  return score < kLow ? -std::numeric_limits<float>::infinity() : logit(std::min(score, kHigh)) - 1e-4F;
}

// Calls found(i) for each value of at least `threshold`. Most stretches have none: they are passed over by a count
// that compiles to vector instructions.
template <class Found>
void scan(std::span<const float> values, float threshold, const Found& found) {
  constexpr size_t kStretch = 64;
  for (size_t start = 0; start < values.size(); start += kStretch) {
    const size_t end = std::min(values.size(), start + kStretch);
    int hits = 0;
    for (size_t i = start; i < end; ++i) hits += values[i] >= threshold ? 1 : 0;
    if (hits == 0) continue;
    for (size_t i = start; i < end; ++i) {
      if (values[i] >= threshold) found(i);
    }
  }
}

int64_t cells_of(std::span<const LevelOutput> levels) {
  int64_t cells = 0;
  for (const LevelOutput& level : levels) cells += int64_t{level.height} * level.width;
  return cells;
}

// Where an anchor's outputs lie.
struct Place {
  const LevelOutput* level;
  int64_t cell, shape;  // shape: index of the anchor within its cell
};

Place locate(std::span<const LevelOutput> levels, int64_t anchor, int64_t per_cell) {
  size_t level = 0;
  int64_t cell = anchor / per_cell;
  for (int64_t cells = cells_of(levels.first(1)); cell >= cells; cells = cells_of(levels.subspan(level, 1))) {
    cell -= cells;
    ++level;
  }
  return {&levels[level], cell, anchor % per_cell};
}

Box decode_at(const Place& place, const Box& anchor) {
  const int64_t cells = int64_t{place.level->height} * place.level->width;
  BoxCode code;
  for (int64_t i = 0; i < 4; ++i) {
    code[static_cast<size_t>(i)] = place.level->boxes[(place.shape * 4 + i) * cells + place.cell];
  }
  return decode(code, anchor);
}

std::vector<Candidate> best_candidates(std::span<const LevelOutput> levels, int64_t per_cell, int classes,
                                       const PostprocessOptions& options) {
  Shortlist shortlist(static_cast<size_t>(std::max(0, options.pre_nms)));
  const float threshold = logit(options.score_threshold);
  int64_t first_anchor = 0;
  for (const LevelOutput& level : levels) {
    const int64_t cells = int64_t{level.height} * level.width;
    for (int64_t channel = 0; channel < per_cell * classes; ++channel) {
      const std::span plane(level.classes + channel * cells, static_cast<size_t>(cells));
      const int64_t shape = channel / classes;
      const int label = static_cast<int>(channel % classes);
      if (!counts(options, label)) continue;
      scan(plane, std::max(threshold, surely_below(shortlist.least_score())), [&](size_t cell) {
        shortlist.add({sigmoid(plane[cell]), label, first_anchor + static_cast<int64_t>(cell) * per_cell + shape});
      });
    }
    first_anchor += cells * per_cell;
  }
  return shortlist.take();
}

}  // namespace

std::vector<Detection> postprocess(std::span<const LevelOutput> levels, std::span<const Box> anchors, int classes,
                                   const PostprocessOptions& options) {
  const int64_t cells = cells_of(levels);
  const auto anchor_count = static_cast<int64_t>(anchors.size());
  if (cells == 0 || anchor_count == 0 || anchor_count % cells != 0) {
    fail(ErrorKind::failed, fmt::format("{} anchors do not spread evenly over the {} cells of {} levels", anchor_count,
                                        cells, levels.size()));
  }
  const int64_t per_cell = anchor_count / cells;

  std::vector<Box> boxes;
  std::vector<float> scores;
  std::vector<int> labels;
  for (const Candidate& candidate : best_candidates(levels, per_cell, classes, options)) {
    const Box& anchor = anchors[static_cast<size_t>(candidate.anchor)];
    const Box box = decode_at(locate(levels, candidate.anchor, per_cell), anchor);
    if (!is_finite(box)) continue;
    boxes.push_back(box);
    scores.push_back(candidate.score);
    labels.push_back(candidate.label);
  }

  return detections_by_class(boxes, scores, labels, nms_options(options));
}

}  // namespace spinenet::detect
