#include "train/segment_losses.h"

#include <cmath>
#include <cstring>

#include <ATen/Parallel.h>

#include "base/random.h"
#include "detect/box_head.h"
#include "detect/mask_target.h"
#include "detect/proposals.h"
#include "detect/roi_sampler.h"
#include "graph/lower_two_stage.h"
#include "nn/roi_align.h"
#include "nn/two_stage_losses.h"

namespace spinenet::train {
namespace {

constexpr double kPositiveAnchors = 0.5;  // share of the sample

Random random_of(const BatchPass& pass, const SegmentLossOptions& options, detect::SampledPart part, size_t image) {
  return detect::sample_random(options.seed, part, pass.batch.step,
                               pass.mode.first_sample + static_cast<int64_t>(image));
}

struct AnchorTargets {
  nn::LossTargets targets;
  nn::SampleCounts counts;  // of this process
};

AnchorTargets sample_anchors(const BatchPass& pass, const SegmentLossOptions& options) {
  const auto anchors = static_cast<int64_t>(options.anchors.size());
  torch::Tensor classes = torch::empty({pass.batch.images, anchors}, torch::kInt32);
  torch::Tensor codes = torch::empty({pass.batch.images, anchors, 4}, torch::kFloat32);
  AnchorTargets sampled;
  for (size_t i = 0; i < pass.batch.labels.size(); ++i) {
    const data::AnchorLabels& labels = pass.batch.labels[i];
    std::vector<int32_t> matches = labels.classes;
    Random random = random_of(pass, options, detect::SampledPart::anchors, i);
    detect::subsample(matches, {options.recipe.anchor_samples, kPositiveAnchors}, random);
    for (int32_t& match : matches) {
      if (match >= 0) match = 0;  // an object, of whatever class
      sampled.counts.samples += match != detect::kIgnored ? 1 : 0;
      sampled.counts.positives += match >= 0 ? 1 : 0;
    }
    const auto row = static_cast<int64_t>(i) * anchors;
    std::memcpy(classes.data_ptr<int32_t>() + row, matches.data(), matches.size() * sizeof(int32_t));
    std::memcpy(codes.data_ptr<float>() + row * 4, labels.codes.data(), labels.codes.size() * sizeof(float));
  }
  const torch::Device device = pass.pixels.device();
  sampled.targets = {classes.to(device, torch::kInt64), codes.to(device)};
  return sampled;
}

// The outputs of the trunk by kind, one for each level.
struct TrunkOutputs {
  std::vector<torch::Tensor> features, objectness, boxes;
};

TrunkOutputs split(std::vector<torch::Tensor> outputs) {
  const auto levels = static_cast<std::ptrdiff_t>(outputs.size() / 3);
  const auto at = outputs.begin();
  return {{at, at + levels}, {at + levels, at + 2 * levels}, {at + 2 * levels, outputs.end()}};
}

std::vector<std::vector<detect::Box>> propose_all(const BatchPass& pass, const TrunkOutputs& trunk,
                                                  const SegmentLossOptions& options) {
  std::vector<torch::Tensor> objectness;
  std::vector<torch::Tensor> boxes;
  for (size_t l = 0; l < trunk.features.size(); ++l) {
    objectness.push_back(trunk.objectness[l].detach().to(torch::kCPU).contiguous());
    boxes.push_back(trunk.boxes[l].detach().to(torch::kCPU).contiguous());
  }
  const detect::Extent canvas{static_cast<int>(pass.batch.height), static_cast<int>(pass.batch.width)};
  std::vector<std::vector<detect::Box>> proposals(static_cast<size_t>(pass.batch.images));
  at::parallel_for(0, pass.batch.images, 1, [&](int64_t begin, int64_t end) {
    for (int64_t image = begin; image < end; ++image) {
      std::vector<detect::LevelOutput> levels;
      for (size_t l = 0; l < objectness.size(); ++l) {
        levels.push_back({objectness[l].data_ptr<float>() + image * objectness[l].stride(0),
                          boxes[l].data_ptr<float>() + image * boxes[l].stride(0),
                          static_cast<int>(objectness[l].size(2)), static_cast<int>(objectness[l].size(3))});
      }
      const detect::ProposalOptions limits{options.recipe.proposals_before_nms, options.recipe.proposals};
      for (const detect::Proposal& p : detect::propose(levels, options.anchors, canvas, limits)) {
        proposals[static_cast<size_t>(image)].push_back(p.box);
      }
    }
  });
  return proposals;
}

// What an image holds, boxes that count and crowd regions apart.
struct Objects {
  std::vector<detect::Box> boxes, crowd;
  std::vector<size_t> targets;  // of each of boxes, its target
};

std::vector<Objects> objects_of(const data::Batch& batch) {
  std::vector<Objects> all(batch.targets.size());
  for (size_t image = 0; image < all.size(); ++image) {
    for (size_t t = 0; t < batch.targets[image].size(); ++t) {
      const data::Target& target = batch.targets[image][t];
      (target.crowd ? all[image].crowd : all[image].boxes).push_back(target.box);
      if (!target.crowd) all[image].targets.push_back(t);
    }
  }
  return all;
}

// What one box head learns from: the ROIs of each image, all of them in one row, and what they are to become.
struct Rois {
  std::vector<std::vector<detect::Box>> boxes;
  std::vector<std::vector<int32_t>> matches;  // as those of a RoiSample
  std::vector<int64_t> classes;               // of all, -1 for background
  std::vector<float> codes;
  nn::SampleCounts counts;  // of this process
};

void add_rois(Rois& rois, detect::RoiSample sample, const Objects& objects, const std::vector<data::Target>& targets,
              size_t stage) {
  rois.counts.samples += static_cast<double>(sample.rois.size());
  rois.counts.positives += sample.positives;
  for (size_t r = 0; r < sample.rois.size(); ++r) {
    detect::BoxCode code{};
    int64_t label = -1;
    if (sample.matches[r] >= 0) {
      const data::Target& target = targets[objects.targets[static_cast<size_t>(sample.matches[r])]];
      label = target.label;
      code = detect::encode_in_roi(target.box, sample.rois[r], stage);
    }
    rois.classes.push_back(label);
    rois.codes.insert(rois.codes.end(), code.begin(), code.end());
  }
  rois.boxes.push_back(std::move(sample.rois));
  rois.matches.push_back(std::move(sample.matches));
}

// The first head draws a sample of the proposals; each later one takes the boxes of the head before it as they are.
Rois rois_of(const BatchPass& pass, const std::vector<std::vector<detect::Box>>& candidates,
             const std::vector<Objects>& objects, const SegmentLossOptions& options, size_t stage) {
  const data::Batch& batch = pass.batch;
  detect::RoiSampleOptions sampling;
  sampling.share = {options.recipe.roi_samples, options.recipe.roi_positives};
  sampling.positive = static_cast<float>(options.box_thresholds[stage]);
  Rois rois;
  for (size_t image = 0; image < candidates.size(); ++image) {
    const Objects& own = objects[image];
    Random random = random_of(pass, options, detect::SampledPart::rois, image);
    detect::RoiSample sample = stage == 0
                                   ? detect::sample_rois(candidates[image], own.boxes, own.crowd, sampling, random)
                                   : detect::match_rois(candidates[image], own.boxes, own.crowd, sampling);
    if (sample.rois
            .empty()) {  // outputs that are no numbers propose nothing: the heads still need something to look at
      sample.rois = {{0, 0, static_cast<float>(batch.width), static_cast<float>(batch.height)}};
      sample.matches = {detect::kBackground};
    }
    add_rois(rois, std::move(sample), own, batch.targets[image], stage);
  }
  return rois;
}

// Of the codes [R, 4, 1, 1] that a head gives its ROIs.
std::vector<std::vector<detect::Box>> next_rois(const BatchPass& pass, const Rois& rois, const torch::Tensor& codes,
                                                size_t stage) {
  const torch::Tensor on_host = codes.detach().to(torch::kCPU, torch::kFloat32).contiguous();
  const detect::Extent canvas{static_cast<int>(pass.batch.height), static_cast<int>(pass.batch.width)};
  const float* next = on_host.data_ptr<float>();
  std::vector<std::vector<detect::Box>> refined;
  for (const std::vector<detect::Box>& boxes : rois.boxes) {
    refined.push_back(detect::refine_rois({next, 4 * boxes.size()}, boxes, canvas, stage));
    next += 4 * boxes.size();
  }
  return refined;
}

// The ROIs that the mask head learns from.
struct MaskRois {
  std::vector<std::vector<detect::Box>> boxes;  // of each image
  std::vector<int64_t> classes;                 // of all
  std::vector<const detect::ObjectMask*> masks;
};

// Those that hold an object with a mask. The later heads of a cascade may have more of them than a sample has.
MaskRois mask_rois_of(const BatchPass& pass, const Rois& rois, const std::vector<Objects>& objects,
                      const SegmentLossOptions& options) {
  const auto most = static_cast<int>(std::lround(options.recipe.roi_samples * options.recipe.roi_positives));
  MaskRois chosen;
  for (size_t image = 0; image < rois.boxes.size(); ++image) {
    std::vector<int32_t> matches = rois.matches[image];
    Random random = random_of(pass, options, detect::SampledPart::masks, image);
    detect::subsample(matches, {most, 1.0}, random);
    chosen.boxes.emplace_back();
    const std::vector<detect::ObjectMask>& masks = pass.batch.masks[image];
    for (size_t r = 0; r < matches.size(); ++r) {
      if (matches[r] < 0 || masks.empty()) continue;
      const size_t object = objects[image].targets[static_cast<size_t>(matches[r])];
      if (masks[object].shape.empty()) continue;
      chosen.boxes.back().push_back(rois.boxes[image][r]);
      chosen.classes.push_back(pass.batch.targets[image][object].label);
      chosen.masks.push_back(&masks[object]);
    }
  }
  return chosen;
}

torch::Tensor mask_targets(const MaskRois& rois) {
  std::vector<detect::Box> boxes;
  for (const std::vector<detect::Box>& of_one : rois.boxes) boxes.insert(boxes.end(), of_one.begin(), of_one.end());
  const auto count = static_cast<int64_t>(boxes.size());
  torch::Tensor targets = torch::empty({count, graph::kMaskSize, graph::kMaskSize}, torch::kFloat32);
  at::parallel_for(0, count, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const auto at = static_cast<size_t>(i);
      const std::vector<uint8_t> cells = detect::mask_target(*rois.masks[at], boxes[at], graph::kMaskSize);
      std::copy(cells.begin(), cells.end(), targets.data_ptr<float>() + i * graph::kMaskSize * graph::kMaskSize);
    }
  });
  return targets;
}

template <class T>
torch::Tensor on_device(const std::vector<T>& values, torch::ScalarType type, torch::Device device) {
  return torch::from_blob(const_cast<T*>(values.data()), {static_cast<int64_t>(values.size())}, type)
      .clone()
      .to(device);
}

// Every process runs the head, whose batch norms may be synchronised: one without a mask looks at `spare`, for nothing.
torch::Tensor mask_loss(const BatchPass& pass, const TrunkOutputs& trunk, const MaskRois& rois,
                        const detect::Box& spare, const SegmentLossOptions& options) {
  const torch::Device device = pass.pixels.device();
  const double count = pass.sum(static_cast<double>(rois.masks.size()));
  std::vector<std::vector<detect::Box>> boxes = rois.boxes;
  if (rois.masks.empty()) boxes.front().push_back(spare);
  const auto align = detect::roi_align_options(graph::kMaskCrop, options.coarsest_stride, options.single_point);
  const torch::Tensor crops = nn::roi_align(trunk.features, options.min_level, boxes, align);
  const torch::Tensor logits = pass.run(pass.programs.size() - 1, crops).front();
  if (rois.masks.empty()) return logits.sum() * 0;
  return nn::mask_head_loss(logits, on_device(rois.classes, torch::kInt64, device), mask_targets(rois).to(device),
                            count, options.recipe.loss);
}

nn::SampleCounts over_all(const BatchPass& pass, const nn::SampleCounts& own) {
  return {pass.sum(own.samples), pass.sum(own.positives)};
}

struct BoxPass {
  std::vector<torch::Tensor> outputs;  // of the head
  nn::Losses losses;
};

BoxPass run_box_head(const BatchPass& pass, const TrunkOutputs& trunk, const Rois& rois,
                     const SegmentLossOptions& options, size_t stage) {
  const torch::Device device = pass.pixels.device();
  const auto align = detect::roi_align_options(graph::kBoxCrop, options.coarsest_stride, options.single_point);
  const torch::Tensor crops = nn::roi_align(trunk.features, options.min_level, rois.boxes, align);
  std::vector<torch::Tensor> outputs = pass.run(1 + stage, crops);
  const nn::LossTargets targets{on_device(rois.classes, torch::kInt64, device),
                                on_device(rois.codes, torch::kFloat32, device).view({-1, 4})};
  nn::Losses losses = nn::box_head_losses(outputs[0].flatten(1), outputs[1].flatten(1), targets,
                                          over_all(pass, rois.counts), options.recipe.loss);
  const double share = 1.0 / static_cast<double>(options.box_thresholds.size());
  return {std::move(outputs), {losses.classification * share, losses.box * share}};
}

}  // namespace

BatchLosses segment_batch_losses(const BatchPass& pass, const SegmentLossOptions& options) {
  const TrunkOutputs trunk = split(pass.run(0, pass.pixels));
  const AnchorTargets anchors = sample_anchors(pass, options);
  const nn::Losses first =
      nn::proposal_losses(nn::flatten_levels(trunk.objectness, 1).squeeze(2), nn::flatten_levels(trunk.boxes, 4),
                          anchors.targets, over_all(pass, anchors.counts), options.recipe.loss);
  BatchLosses losses{{{"objectness_loss", first.classification}, {"proposal_loss", first.box}}, {}};
  const std::vector<Objects> objects = objects_of(pass.batch);
  Rois rois = rois_of(pass, propose_all(pass, trunk, options), objects, options, 0);
  std::vector<torch::Tensor> logits;
  for (size_t stage = 0;; ++stage) {
    const BoxPass box = run_box_head(pass, trunk, rois, options, stage);
    losses.parts.emplace_back(graph::stage_name("class_loss", stage), box.losses.classification);
    losses.parts.emplace_back(graph::stage_name("box_loss", stage), box.losses.box);
    logits.push_back(box.outputs[0].flatten(1));
    if (stage + 1 == options.box_thresholds.size()) break;
    rois = rois_of(pass, next_rois(pass, rois, box.outputs[1], stage), objects, options, stage + 1);
  }
  losses.logits = torch::cat(logits);
  losses.parts.emplace_back("mask_loss", mask_loss(pass, trunk, mask_rois_of(pass, rois, objects, options),
                                                   rois.boxes.front().front(), options));
  return losses;
}

}  // namespace spinenet::train
