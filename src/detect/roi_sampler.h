// Which anchors and which ROIs a two-stage detector learns from in one step: a fixed number of each, drawn so that the
// few that hold an object are not lost among the many that do not (Faster R-CNN, Ren et al. 2015, section 3.1.3; Fast
// R-CNN, Girshick 2015, section 2.3).
//
// Thread contract: pure functions; the same Random gives the same choice.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/enum_names.h"
#include "base/random.h"
#include "detect/box.h"
#include "detect/matcher.h"

namespace spinenet::detect {

// The published settings of the region proposal network.
inline constexpr MatchOptions kProposalMatch{.positive = 0.7F, .negative = 0.3F, .force_match = true};

struct SampleShare {
  int samples = 256;       // at most
  double positives = 0.5;  // share of them that are positive, at most
};

// Turns all entries of `matches` (as match() gives them) but a random sample into kIgnored: up to samples * positives
// matched ones, the rest background, fewer where there are not enough.
void subsample(std::span<int32_t> matches, const SampleShare& share, Random& random);

// What a step of training draws of an image.
enum class SampledPart { anchors, rois, masks };
constexpr auto names(SampledPart) {
  using enum SampledPart;
  return named<SampledPart>({{anchors, "anchors"}, {rois, "rois"}, {masks, "masks"}});
}
// Of the seed, the step and the image's place in the global batch alone, so that every split of a batch over processes
// draws the same.
Random sample_random(uint64_t seed, SampledPart part, int64_t step, int64_t image);

struct RoiSampleOptions {
  SampleShare share{512, 0.25};
  float positive = 0.5F;     // overlap with a box: at least this is an object, less is background
  float crowd_share = 0.5F;  // of a background ROI's area within one crowd region: more is left out
};

struct RoiSample {
  std::vector<Box> rois;         // of a drawn sample positives first, both in the order of the candidates
  std::vector<int32_t> matches;  // of each: index of its box, or kBackground
  int positives = 0;
};

// The candidates are the proposals and, behind them, the boxes themselves, so that there is something to learn from
// before proposals are any good. Crowd regions are never matched.
RoiSample sample_rois(std::span<const Box> proposals, std::span<const Box> boxes, std::span<const Box> crowd,
                      const RoiSampleOptions& options, Random& random);

// What the later heads of a cascade learn from: all ROIs in their order but those that a crowd region hides, by the
// same rules as above. None is drawn and no box is added, as the ROIs come from a sample already; of the share nothing
// is used.
RoiSample match_rois(std::span<const Box> rois, std::span<const Box> boxes, std::span<const Box> crowd,
                     const RoiSampleOptions& options);

}  // namespace spinenet::detect
