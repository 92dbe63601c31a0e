#include "formats/onnx/check/check_regions.h"

#include <algorithm>
#include <cmath>

#include "base/format.h"
#include "base/random.h"
#include "detect/box_head.h"
#include "formats/onnx/check/check_heads.h"
#include "graph/lower_two_stage.h"

namespace spinenet::formats {
namespace {

constexpr uint64_t kTries = 50;

HeadOptions heads_of(const ProposalTrial& trial) {
  HeadOptions options;
  options.anchors = trial.anchors;
  options.post.score_threshold = 0.5F;
  options.height = trial.height;
  options.width = trial.width;
  return options;
}

OnnxValues made_up_proposals(const ProposalTrial& trial, uint64_t seed) {
  const Heads heads = made_up_heads(heads_of(trial), seed);
  OnnxValues values;
  for (int level = trial.anchors.min_level; level <= trial.anchors.max_level; ++level) {
    values[fmt::format("objectness.p{}", level)] = heads.values.at(fmt::format("class.p{}", level));
    values[fmt::format("proposal_box.p{}", level)] = heads.values.at(fmt::format("box.p{}", level));
  }
  return values;
}

// ROIs around a few middles, some of them beyond the border of the image as far as their codes go.
std::vector<detect::Box> made_up_rois(const detect::Extent& image, Random& random) {
  constexpr int kClusters = 8, kOfEach = 12;
  const auto height = static_cast<double>(image.height), width = static_cast<double>(image.width);
  std::vector<detect::Box> rois;
  for (int cluster = 0; cluster < kClusters; ++cluster) {
    const double y = random.uniform(0, height), x = random.uniform(0, width);
    const double side = std::exp(random.uniform(std::log(4.0), std::log(std::min(height, width))));
    for (int i = 0; i < kOfEach; ++i) {
      const auto edge = [&](double middle, double sign) {
        return static_cast<float>(middle + side * (sign * 0.5 + 0.1 * random.normal()));
      };
      const detect::Box roi = detect::clip({edge(x, -1), edge(y, -1), edge(x, 1), edge(y, 1)},
                                           static_cast<float>(width), static_cast<float>(height));
      if (roi.width() > 0 && roi.height() > 0) rois.push_back(roi);
    }
  }
  return rois;
}

// Logits of one ROI. Two ROIs with equal scores have equal logits altogether, so that rounding treats them alike.
void fill_logits(std::span<float> logits, Random& random) {
  const auto classes = static_cast<int64_t>(logits.size()) - 1;
  std::fill(logits.begin(), logits.end(), -4.0F);
  if (random.chance(0.3)) {
    logits[0] = 4;
    return;
  }
  const int64_t label = random.below(classes);
  const double logit =
      0.25 * static_cast<double>(random.below(12)) + 0.2 * static_cast<double>(label) / static_cast<double>(classes);
  logits[static_cast<size_t>(label + 1)] = static_cast<float>(logit);
  if (classes > 1) logits[static_cast<size_t>((label + 1) % classes + 1)] = static_cast<float>(logit - 1);
}

Regions made_up_regions(const RegionTrial& trial, uint64_t seed) {
  Random random(seed);
  Regions regions{made_up_rois(trial.image, random), {}, {}};
  const auto count = static_cast<int64_t>(regions.rois.size());
  regions.classes = make_tensor({count, trial.classes + 1, 1, 1});
  regions.boxes = make_tensor({count, 4 * graph::boxes_of_roi(trial.stages, trial.classes), 1, 1});
  const auto row = static_cast<size_t>(trial.classes + 1);
  for (size_t r = 0; r < regions.rois.size(); ++r) {
    fill_logits(std::span(regions.classes.data).subspan(r * row, row), random);
  }
  for (float& code : regions.boxes.data) code = static_cast<float>(0.5 * random.normal());
  return regions;
}

bool is_clear(const Regions& regions, const RegionTrial& trial) {
  constexpr float kMargin = 1e-5F;
  const auto found = [&](float change) {
    RegionTrial changed = trial;
    changed.post.iou *= 1 + change;
    changed.post.score_threshold *= 1 + change;
    return detections_of(regions, changed);
  };
  const auto same = [](const detect::Detection& a, const detect::Detection& b) {
    return a.box == b.box && a.label == b.label;
  };
  const std::vector<detect::Detection> less = found(-kMargin), more = found(kMargin);
  return std::equal(less.begin(), less.end(), more.begin(), more.end(), same);
}

}  // namespace

OnnxValues clear_proposals(const ProposalTrial& trial) {
  constexpr float kMargin = 2e-6F;
  OnnxValues values;
  for (uint64_t seed = 1; seed <= kTries; ++seed) {
    values = made_up_proposals(trial, seed);
    ProposalTrial less = trial, more = trial;
    less.proposals.iou *= 1 - kMargin;
    more.proposals.iou *= 1 + kMargin;
    if (proposals_of(values, less) == proposals_of(values, more)) break;
  }
  return values;
}

std::vector<detect::Box> proposals_of(const OnnxValues& values, const ProposalTrial& trial) {
  std::vector<detect::LevelOutput> levels;
  for (int level = trial.anchors.min_level; level <= trial.anchors.max_level; ++level) {
    const int stride = detect::stride_of(trial.anchors, level);
    levels.push_back({values.at(fmt::format("objectness.p{}", level)).floats.data(),
                      values.at(fmt::format("proposal_box.p{}", level)).floats.data(), trial.height / stride,
                      trial.width / stride});
  }
  std::vector<detect::Box> boxes;
  for (const detect::Proposal& proposal : detect::propose(
           levels, detect::make_anchors(trial.anchors, trial.height, trial.width), trial.image, trial.proposals)) {
    boxes.push_back(proposal.box);
  }
  return boxes;
}

Regions clear_regions(const RegionTrial& trial) {
  Regions regions;
  for (uint64_t seed = 1; seed <= kTries; ++seed) {
    regions = made_up_regions(trial, seed);
    if (is_clear(regions, trial)) break;
  }
  return regions;
}

HostTensor logits_of(const Regions& regions, const RegionTrial& trial, size_t stage) {
  HostTensor logits = regions.classes;
  const float middle = 0.5F * static_cast<float>(trial.stages - 1);
  const float times = 1 + 0.3F * (static_cast<float>(stage) - middle);
  for (float& logit : logits.data) logit *= times;
  return logits;
}

std::vector<detect::Detection> detections_of(const Regions& regions, const RegionTrial& trial) {
  std::vector<float> mean(regions.classes.data.size());
  for (size_t stage = 0; stage < trial.stages; ++stage) {
    const HostTensor logits = logits_of(regions, trial, stage);
    for (size_t i = 0; i < mean.size(); ++i) mean[i] += logits.data[i];
  }
  for (float& logit : mean) logit /= static_cast<float>(trial.stages);
  return detect::box_head_detections({mean, regions.boxes.data, trial.stages - 1}, regions.rois, trial.image,
                                     trial.post);
}

HostTensor to_tensor(const std::vector<detect::Box>& boxes) {
  HostTensor tensor = make_tensor({static_cast<int64_t>(boxes.size()), 4});
  auto to = tensor.data.begin();
  for (const detect::Box& box : boxes) {
    for (const float edge : {box.x1, box.y1, box.x2, box.y2}) *to++ = edge;
  }
  return tensor;
}

HostTensor moved_rows(const HostTensor& rows, const std::vector<int64_t>& places) {
  HostTensor moved = rows;
  const auto size = static_cast<std::ptrdiff_t>(rows.data.size() / std::max<size_t>(1, places.size()));
  for (size_t row = 0; row < places.size(); ++row) {
    std::copy_n(rows.data.begin() + static_cast<std::ptrdiff_t>(row) * size, size,
                moved.data.begin() + static_cast<std::ptrdiff_t>(places[row]) * size);
  }
  return moved;
}

}  // namespace spinenet::formats
