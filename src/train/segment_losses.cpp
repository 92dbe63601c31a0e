#include "train/segment_losses.h"

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

namespace spinenet {
namespace {

constexpr double kPositiveAnchors = 0.5;  // share of the sample

Random random_of(const BatchPass& pass, const SegmentLossOptions& options, std::string_view purpose, size_t image) {
  return Random(options.seed)
      .fork(Random::hash(purpose))
      .fork(static_cast<uint64_t>(pass.batch.step))
      .fork(static_cast<uint64_t>(pass.mode.first_sample) + image);
}

struct AnchorTargets {
  LossTargets targets;
  SampleCounts counts;  // of this process
};

AnchorTargets sample_anchors(const BatchPass& pass, const SegmentLossOptions& options) {
  const auto anchors = static_cast<int64_t>(options.anchors.size());
  torch::Tensor classes = torch::empty({pass.batch.images, anchors}, torch::kInt32);
  torch::Tensor codes = torch::empty({pass.batch.images, anchors, 4}, torch::kFloat32);
  AnchorTargets sampled;
  for (size_t i = 0; i < pass.batch.labels.size(); ++i) {
    const AnchorLabels& labels = pass.batch.labels[i];
    std::vector<int32_t> matches = labels.classes;
    Random random = random_of(pass, options, "anchors", i);
    subsample(matches, {options.recipe.anchor_samples, kPositiveAnchors}, random);
    for (int32_t& match : matches) {
      if (match >= 0) match = 0;  // an object, of whatever class
      sampled.counts.samples += match != kIgnored ? 1 : 0;
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

std::vector<std::vector<Box>> propose_all(const BatchPass& pass, const TrunkOutputs& trunk,
                                          const SegmentLossOptions& options) {
  std::vector<torch::Tensor> objectness;
  std::vector<torch::Tensor> boxes;
  for (size_t l = 0; l < trunk.features.size(); ++l) {
    objectness.push_back(trunk.objectness[l].detach().to(torch::kCPU).contiguous());
    boxes.push_back(trunk.boxes[l].detach().to(torch::kCPU).contiguous());
  }
  const Extent canvas{static_cast<int>(pass.batch.height), static_cast<int>(pass.batch.width)};
  std::vector<std::vector<Box>> proposals(static_cast<size_t>(pass.batch.images));
  at::parallel_for(0, pass.batch.images, 1, [&](int64_t begin, int64_t end) {
    for (int64_t image = begin; image < end; ++image) {
      std::vector<LevelOutput> levels;
      for (size_t l = 0; l < objectness.size(); ++l) {
        levels.push_back({objectness[l].data_ptr<float>() + image * objectness[l].stride(0),
                          boxes[l].data_ptr<float>() + image * boxes[l].stride(0),
                          static_cast<int>(objectness[l].size(2)), static_cast<int>(objectness[l].size(3))});
      }
      const ProposalOptions limits{options.recipe.proposals_before_nms, options.recipe.proposals};
      for (const Proposal& p : propose(levels, options.anchors, canvas, limits)) {
        proposals[static_cast<size_t>(image)].push_back(p.box);
      }
    }
  });
  return proposals;
}

// The ROIs of all images, and what they are to become.
struct Rois {
  std::vector<std::vector<Box>> boxes, mask_boxes;  // of each image
  std::vector<int64_t> classes, mask_classes;       // of all, -1 for background
  std::vector<float> codes;
  std::vector<const ObjectMask*> masks;
  SampleCounts counts;  // of this process
};

void add_rois(Rois& rois, const RoiSample& sample, const std::vector<size_t>& objects, const Batch& batch,
              size_t image) {
  rois.boxes.push_back(sample.rois);
  rois.mask_boxes.emplace_back();
  rois.counts.samples += static_cast<double>(sample.rois.size());
  rois.counts.positives += sample.positives;
  for (size_t r = 0; r < sample.rois.size(); ++r) {
    BoxCode code{};
    int64_t label = -1;
    if (sample.matches[r] >= 0) {
      const size_t object = objects[static_cast<size_t>(sample.matches[r])];
      const Target& target = batch.targets[image][object];
      label = target.label;
      code = encode_in_roi(target.box, sample.rois[r]);
      const std::vector<ObjectMask>& masks = batch.masks[image];
      if (!masks.empty() && !masks[object].shape.empty()) {
        rois.mask_boxes.back().push_back(sample.rois[r]);
        rois.mask_classes.push_back(label);
        rois.masks.push_back(&masks[object]);
      }
    }
    rois.classes.push_back(label);
    rois.codes.insert(rois.codes.end(), code.begin(), code.end());
  }
}

Rois sample_all(const BatchPass& pass, const TrunkOutputs& trunk, const SegmentLossOptions& options) {
  const Batch& batch = pass.batch;
  const std::vector<std::vector<Box>> proposals = propose_all(pass, trunk, options);
  Rois rois;
  for (size_t image = 0; image < proposals.size(); ++image) {
    std::vector<Box> boxes;
    std::vector<Box> crowd;
    std::vector<size_t> objects;  // of each of boxes, its target
    for (size_t t = 0; t < batch.targets[image].size(); ++t) {
      const Target& target = batch.targets[image][t];
      (target.crowd ? crowd : boxes).push_back(target.box);
      if (!target.crowd) objects.push_back(t);
    }
    RoiSampleOptions sampling;
    sampling.share = {options.recipe.roi_samples, options.recipe.roi_positives};
    Random random = random_of(pass, options, "rois", image);
    RoiSample sample = sample_rois(proposals[image], boxes, crowd, sampling, random);
    if (sample.rois
            .empty()) {  // outputs that are no numbers propose nothing: the heads still need something to look at
      sample.rois = {{0, 0, static_cast<float>(batch.width), static_cast<float>(batch.height)}};
      sample.matches = {kBackground};
    }
    add_rois(rois, sample, objects, batch, image);
  }
  return rois;
}

torch::Tensor mask_targets(const Rois& rois) {
  std::vector<Box> boxes;
  for (const std::vector<Box>& of_one : rois.mask_boxes) boxes.insert(boxes.end(), of_one.begin(), of_one.end());
  const auto count = static_cast<int64_t>(boxes.size());
  torch::Tensor targets = torch::empty({count, kMaskSize, kMaskSize}, torch::kFloat32);
  at::parallel_for(0, count, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const auto at = static_cast<size_t>(i);
      const std::vector<uint8_t> cells = mask_target(*rois.masks[at], boxes[at], kMaskSize);
      std::copy(cells.begin(), cells.end(), targets.data_ptr<float>() + i * kMaskSize * kMaskSize);
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

// Every process runs the head, whose batch norms may be synchronised: one without a mask looks at its first ROI, for
// nothing.
torch::Tensor mask_loss(const BatchPass& pass, const TrunkOutputs& trunk, const Rois& rois,
                        const SegmentLossOptions& options) {
  const torch::Device device = pass.pixels.device();
  const double count = pass.sum(static_cast<double>(rois.masks.size()));
  std::vector<std::vector<Box>> boxes = rois.mask_boxes;
  if (rois.masks.empty()) boxes.front().push_back(rois.boxes.front().front());
  const torch::Tensor crops = roi_align(trunk.features, options.min_level, boxes, {.bins = kMaskCrop});
  const torch::Tensor logits = pass.run(2, crops).front();
  if (rois.masks.empty()) return logits.sum() * 0;
  return mask_head_loss(logits, on_device(rois.mask_classes, torch::kInt64, device), mask_targets(rois).to(device),
                        count, options.recipe.loss);
}

SampleCounts over_all(const BatchPass& pass, const SampleCounts& own) {
  return {pass.sum(own.samples), pass.sum(own.positives)};
}

}  // namespace

BatchLosses segment_batch_losses(const BatchPass& pass, const SegmentLossOptions& options) {
  const torch::Device device = pass.pixels.device();
  const TrunkOutputs trunk = split(pass.run(0, pass.pixels));
  const AnchorTargets anchors = sample_anchors(pass, options);
  const Losses first = proposal_losses(flatten_levels(trunk.objectness, 1).squeeze(2), flatten_levels(trunk.boxes, 4),
                                       anchors.targets, over_all(pass, anchors.counts), options.recipe.loss);
  const Rois rois = sample_all(pass, trunk, options);
  const torch::Tensor crops = roi_align(trunk.features, options.min_level, rois.boxes, {.bins = kBoxCrop});
  const std::vector<torch::Tensor> head = pass.run(1, crops);
  const torch::Tensor logits = head[0].flatten(1);
  const LossTargets targets{on_device(rois.classes, torch::kInt64, device),
                            on_device(rois.codes, torch::kFloat32, device).view({-1, 4})};
  const Losses second =
      box_head_losses(logits, head[1].flatten(1), targets, over_all(pass, rois.counts), options.recipe.loss);
  return {{{"objectness_loss", first.classification},
           {"proposal_loss", first.box},
           {"class_loss", second.classification},
           {"box_loss", second.box},
           {"mask_loss", mask_loss(pass, trunk, rois, options)}},
          logits};
}

}  // namespace spinenet
