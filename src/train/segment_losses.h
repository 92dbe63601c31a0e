// One batch through a two-stage network in training: anchors sampled, proposals made of what the trunk says now, ROIs
// sampled among them, both heads on the crops of these, and what all of it costs. Of a cascade, each further box head
// learns from the boxes that the one before it makes of its ROIs, by its own threshold; the mask head from the ROIs of
// the last one.
//
// Invariant: what is sampled depends on the seed, the step and the image's place in the global batch alone.
// Thread contract: belongs to the thread that trains.
// Source: Mask R-CNN (He et al. 2017), section 3.1, with the numbers of the published SpineNet configurations; Cascade
// R-CNN (Cai and Vasconcelos 2018), section 4.
#pragma once

#include <span>
#include <vector>

#include "detect/box.h"
#include "detect/level_stride.h"
#include "train/trainer.h"

namespace spinenet::train {

struct SegmentLossOptions {
  std::span<const detect::Box> anchors;  // of the batch's size
  int min_level = 3;
  int coarsest_stride = detect::kAnyStride;
  uint64_t seed = 0;
  TwoStageRecipe recipe;
  std::vector<double> box_thresholds{0.5};  // the architecture's
  bool single_point = false;                // the same: how ROIs are read (see detect/roi_align.h)
};

// The programs are those of lower_two_stage; the batch has anchor labels of the whole matching (kProposalMatch), and
// masks. The parts: objectness_loss, proposal_loss, class_loss and box_loss (of a cascade also class_loss2, box_loss2
// and so on; each head's is divided by the number of heads), mask_loss. Objects without a mask teach the mask head
// nothing.
BatchLosses segment_batch_losses(const BatchPass& pass, const SegmentLossOptions& options);

}  // namespace spinenet::train
