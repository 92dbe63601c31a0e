#include "detect/roi_sampler.h"

#include <algorithm>
#include <cmath>

namespace spinenet::detect {
namespace {

// Indices of `count` items of `from`, each as likely as any other, in rising order.
std::vector<size_t> draw(std::vector<size_t> from, size_t count, Random& random) {
  for (size_t i = 0; i < count; ++i) {
    const auto left = static_cast<int64_t>(from.size() - i);
    std::swap(from[i], from[i + static_cast<size_t>(random.below(left))]);
  }
  from.resize(count);
  std::sort(from.begin(), from.end());
  return from;
}

struct Drawn {
  std::vector<size_t> positive, background;
};

Drawn draw_sample(std::span<const int32_t> matches, const SampleShare& share, Random& random) {
  Drawn all;
  for (size_t i = 0; i < matches.size(); ++i) {
    if (matches[i] >= 0) all.positive.push_back(i);
    if (matches[i] == kBackground) all.background.push_back(i);
  }
  const auto samples = static_cast<size_t>(std::max(0, share.samples));
  const auto limit = static_cast<size_t>(std::lround(static_cast<double>(samples) * share.positives));
  const size_t positives = std::min(all.positive.size(), limit);
  const size_t background = std::min(all.background.size(), samples - positives);
  Drawn drawn;
  drawn.positive = draw(std::move(all.positive), positives, random);
  drawn.background = draw(std::move(all.background), background, random);
  return drawn;
}

// Of each candidate: its box, kBackground, or kIgnored.
std::vector<int32_t> matches_of(std::span<const Box> candidates, std::span<const Box> boxes, std::span<const Box> crowd,
                                const RoiSampleOptions& options) {
  const MatchOptions by_overlap{.positive = options.positive, .negative = options.positive, .force_match = false};
  std::vector<int32_t> matches = match(candidates, boxes, by_overlap);
  ignore_crowd(candidates, crowd, matches, options.crowd_share);
  return matches;
}

}  // namespace

Random sample_random(uint64_t seed, SampledPart part, int64_t step, int64_t image) {
  return Random(seed)
      .fork(Random::hash(name_of(part)))
      .fork(static_cast<uint64_t>(step))
      .fork(static_cast<uint64_t>(image));
}

void subsample(std::span<int32_t> matches, const SampleShare& share, Random& random) {
  const Drawn drawn = draw_sample(matches, share, random);
  std::vector<int32_t> kept(matches.size(), kIgnored);
  for (const size_t i : drawn.positive) kept[i] = matches[i];
  for (const size_t i : drawn.background) kept[i] = kBackground;
  std::copy(kept.begin(), kept.end(), matches.begin());
}

RoiSample sample_rois(std::span<const Box> proposals, std::span<const Box> boxes, std::span<const Box> crowd,
                      const RoiSampleOptions& options, Random& random) {
  std::vector<Box> candidates(proposals.begin(), proposals.end());
  candidates.insert(candidates.end(), boxes.begin(), boxes.end());
  const std::vector<int32_t> matches = matches_of(candidates, boxes, crowd, options);
  const Drawn drawn = draw_sample(matches, options.share, random);
  RoiSample sample;
  sample.positives = static_cast<int>(drawn.positive.size());
  for (const std::vector<size_t>* part : {&drawn.positive, &drawn.background}) {
    for (const size_t i : *part) {
      sample.rois.push_back(candidates[i]);
      sample.matches.push_back(matches[i]);
    }
  }
  return sample;
}

RoiSample match_rois(std::span<const Box> rois, std::span<const Box> boxes, std::span<const Box> crowd,
                     const RoiSampleOptions& options) {
  const std::vector<int32_t> matches = matches_of(rois, boxes, crowd, options);
  RoiSample sample;
  for (size_t i = 0; i < rois.size(); ++i) {
    if (matches[i] == kIgnored) continue;
    sample.rois.push_back(rois[i]);
    sample.matches.push_back(matches[i]);
    sample.positives += matches[i] >= 0 ? 1 : 0;
  }
  return sample;
}

}  // namespace spinenet::detect
