// The proposals of a region proposal network, as ONNX nodes: the same selection as detect/proposals, of one image.
//
// All levels go through one NonMaxSuppression, the level in the place of the class.
//
// Thread contract: a free function on its arguments.
#pragma once

#include <string>

#include "detect/anchors.h"
#include "detect/proposals.h"
#include "formats/onnx/graph.h"

namespace spinenet::formats {

struct OnnxProposalsOptions {
  detect::AnchorOptions anchors;
  detect::ProposalOptions proposals;
  int height = 0, width = 0;  // of the input; 0: known at each run
};

// Reads objectness.p3.. and proposal_box.p3.. with N = 1, and `limits` (formats/onnx/export/image_limits.h). Afterwards
// there is `rois` [R, 4]: x1, y1, x2, y2 in pixels of the input, in descending order; R differs from run to run. Where
// nothing is proposed there is one of no extent, in which nothing can be found.
void add_proposals(OnnxGraph& graph, const OnnxProposalsOptions& options, const std::string& limits,
                   const std::string& rois);

}  // namespace spinenet::formats
