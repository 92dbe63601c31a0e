// Proposals, regions and a box head's answers that no network gave, and what our own post-processing makes of them: the
// oracle for what lies between the networks of a Mask R-CNN in an ONNX file.
//
// Thread contract: pure functions.
#pragma once

#include <cstdint>
#include <vector>

#include "base/host_tensor.h"
#include "detect/anchors.h"
#include "detect/box.h"
#include "detect/detections.h"
#include "detect/postprocess.h"
#include "detect/proposals.h"
#include "formats/onnx/interpreter/run.h"

namespace spinenet::formats {

struct ProposalTrial {
  detect::AnchorOptions anchors;
  detect::ProposalOptions proposals;
  int height = 0, width = 0;  // of the input
  detect::Extent image;       // within it
};

// objectness.p3.., proposal_box.p3.. of one image, many of them equal in their logits; of a seed at which no overlap
// comes so close to the IoU threshold that rounding could decide.
OnnxValues clear_proposals(const ProposalTrial& trial);
std::vector<detect::Box> proposals_of(const OnnxValues& values, const ProposalTrial& trial);

struct RegionTrial {
  detect::PostprocessOptions post;
  int classes = 1;
  detect::Extent image;
  size_t stages = 1;  // box heads
};

struct Regions {
  std::vector<detect::Box> rois;
  HostTensor classes, boxes;  // a box head's answers, [R, K + 1, 1, 1] and [R, 4 * boxes_of_roi, 1, 1], ROI by ROI
};

// Of the box head at this place: different ones, whose mean are those of the regions.
HostTensor logits_of(const Regions& regions, const RegionTrial& trial, size_t stage);

// Clusters of ROIs, of which many are equal in their logits; as clear as those above, in their scores too.
Regions clear_regions(const RegionTrial& trial);
std::vector<detect::Detection> detections_of(const Regions& regions, const RegionTrial& trial);

// [n, 4]
HostTensor to_tensor(const std::vector<detect::Box>& boxes);
// The rows of a tensor in another order: row r stands at places[r].
HostTensor moved_rows(const HostTensor& rows, const std::vector<int64_t>& places);

}  // namespace spinenet::formats
