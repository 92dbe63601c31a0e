// Whether an ONNX file gives what its source gives: the measurement behind `spinenet export`.
//
// The network is run on noise at four sizes and batches (a classifier of a fixed size at that one, batch 1 and 4), and
// each raw output is compared with the source's. What
// follows the raw outputs is run on outputs that are made up (clusters of overlapping boxes, equal scores), for batch 1
// and 4 at the size that the file declares, or at three sizes where that is open, and compared with box_coder.h and
// postprocess.h, of a YOLO head with yolo_head.h. Two parts, because no node of the network depends on the size, so
// that small sizes prove it for all.
//
// A Mask R-CNN is measured part by part in the same way (formats/onnx/check/check_segmenter.h).
//
// Thread contract: a pure function, as far as the source is; it uses `threads` threads.
#pragma once

#include <string>
#include <vector>

#include "arch/task.h"
#include "detect/anchors.h"
#include "detect/postprocess.h"
#include "detect/proposals.h"
#include "detect/yolo_head.h"
#include "formats/onnx/file.h"
#include "graph/forward.h"

namespace spinenet::formats {

struct OnnxCheckOptions {
  arch::Task task = arch::Task::detect;
  graph::Forward source;  // the network itself, for every size that the file takes; of Mask R-CNN the trunk
  std::vector<graph::Forward> box_heads;  // of Mask R-CNN, on crops
  graph::Forward mask_head;               // the same
  detect::AnchorOptions anchors;
  std::vector<detect::YoloLevel> yolo;  // of a YOLO head; none: the head is another one
  detect::PostprocessOptions post;
  detect::ProposalOptions proposals;  // of Mask R-CNN
  bool single_point = false;          // the same: how its heads read ROIs
  int classes = 1;
  int height = 0, width = 0;  // as declared; 0: open
  double limit = 1e-4;
  int threads = 1;
};

struct OnnxCheckRow {
  std::string what;  // "network 128x256, batch 4"
  // Largest difference over the largest magnitude of the output; infinite where other boxes are found.
  double error = 0;
};

struct OnnxCheck {
  std::vector<OnnxCheckRow> rows;
  double limit = 0;
  int64_t bytes = 0;  // of the file
};

// The row with the largest error.
const OnnxCheckRow& worst(const OnnxCheck& check);
bool holds(const OnnxCheck& check);

OnnxCheck check_onnx(const OnnxFile& file, const OnnxCheckOptions& options);

}  // namespace spinenet::formats
