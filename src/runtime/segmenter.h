// A two-stage network made ready to answer what is in an image, with masks: image to input, the trunk, proposals,
// the box head on them, the mask head on what it found, masks in pixels of the image (Mask R-CNN, He et al. 2017). Of
// a cascade, each further box head on the boxes of the one before it (detect/box_head.h). How the networks are run is
// the caller's choice.
//
// Invariant: the same image gives the same detections alone and in a batch, up to what the networks themselves do.
// Thread contract: one thread at a time, as its TwoStageForward.
#pragma once

#include <span>
#include <vector>

#include "detect/anchors.h"
#include "detect/detections.h"
#include "detect/postprocess.h"
#include "detect/proposals.h"
#include "image/canvas.h"
#include "image/image.h"
#include "runtime/input.h"
#include "runtime/two_stage.h"

namespace spinenet::runtime {

struct SegmenterOptions {
  int image_size = 640;  // the longer side of an image is scaled to it
  int classes = 1;
  image::Normalization normalization;
  detect::AnchorOptions anchors;
  detect::ProposalOptions proposals{.pre_nms = 1000, .post_nms = 1000};
  detect::PostprocessOptions post{.pre_nms = 1000};
  float mask_threshold = 0.5F;
};

class Segmenter {
 public:
  // ErrorKind::usage when an option is out of range.
  Segmenter(TwoStageForward forward, SegmenterOptions options);

  const SegmenterOptions& options() const { return options_; }
  // For each image, descending order of score; boxes are clipped to the image, each has a mask of the image's size.
  std::vector<std::vector<detect::Detection>> segment(std::span<const image::Image> images) const;
  std::vector<std::vector<detect::Detection>> segment(const NetworkInput& input) const;

 private:
  struct Seen;
  std::vector<std::vector<detect::Box>> propose_all(const Seen& seen) const;
  std::vector<std::vector<detect::Detection>> segment_together(const NetworkInput& input) const;
  std::vector<std::vector<detect::Detection>> find(const Seen& seen, std::vector<std::vector<detect::Box>> rois) const;
  std::vector<HostTensor> run_box_head(size_t stage, const std::vector<std::vector<detect::Box>>& rois) const;
  void add_masks(const Seen& seen, std::vector<std::vector<detect::Detection>>& found) const;

  TwoStageForward forward_;
  SegmenterOptions options_;
  int input_size_;
  std::vector<detect::Box> anchors_;
};

}  // namespace spinenet::runtime
