// A two-stage network made ready to answer what is in a picture, with masks: picture to input, the trunk, proposals,
// the box head on them, the mask head on what it found, masks in pixels of the picture (Mask R-CNN, He et al. 2017).
// How the three networks are run is the caller's choice.
//
// Invariant: the same picture gives the same detections alone and in a batch, up to what the Forwards themselves do.
// Thread contract: const and as safe as its Forwards.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "arch/architecture.h"
#include "detect/anchors.h"
#include "detect/detections.h"
#include "detect/postprocess.h"
#include "detect/proposals.h"
#include "engine/input.h"
#include "graph/forward.h"
#include "image/canvas.h"
#include "image/image.h"

namespace spinenet {

// A head on the crops of ROIs, [R, C, bins, bins] image after image: levels [N, C, H, W] in rising order, the ROIs of
// each of the N images. One tensor of R rows for each output of the head.
using HeadForward =
    std::function<std::vector<HostTensor>(std::span<const HostTensor> pyramid, std::span<const std::vector<Box>> rois)>;

// ROI align of detect/, then the network.
HeadForward crop_and_run(Forward head, int min_level, int bins);

struct TwoStageForward {
  Forward trunk;  // outputs: the levels p3.., objectness.p3.., proposal_box.p3..
  HeadForward box_head, mask_head;
};

struct SegmenterOptions {
  int image_size = 640;  // the longer side of a picture is scaled to it
  int classes = 1;
  Normalization normalization;
  AnchorOptions anchors;
  ProposalOptions proposals{.pre_nms = 1000, .post_nms = 1000};
  PostprocessOptions post{.pre_nms = 1000};
  float mask_threshold = 0.5F;
};

// The anchors of a region proposal network and its levels.
AnchorOptions proposal_anchors(const Architecture& architecture);

class Segmenter {
 public:
  // ErrorKind::usage when an option is out of range.
  Segmenter(TwoStageForward forward, SegmenterOptions options);

  const SegmenterOptions& options() const { return options_; }
  // For each picture, falling order of score; boxes are clipped to the picture, each has a mask of the picture's size.
  std::vector<std::vector<Detection>> segment(std::span<const Image> images) const;
  std::vector<std::vector<Detection>> segment(const NetworkInput& input) const;

 private:
  struct Seen;
  std::vector<std::vector<Box>> propose_all(const Seen& seen) const;
  std::vector<std::vector<Detection>> find(const Seen& seen, const std::vector<std::vector<Box>>& rois) const;
  void add_masks(const Seen& seen, std::vector<std::vector<Detection>>& found) const;

  TwoStageForward forward_;
  SegmenterOptions options_;
  int input_size_;
  std::vector<Box> anchors_;
};

}  // namespace spinenet
