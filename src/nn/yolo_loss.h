// The losses of a YOLO head: binary cross entropy of objectness on every anchor cell that is not ignored, binary cross
// entropy of every class and 1 - CIoU of the boxes on the anchor cells that learn one.
//
// An anchor cell without an object counts as background, unless the box that it gives now overlaps some object by more
// than ignore_overlap while one of its classes is likelier than ignore_class: it is right about what it sees, if not
// the one asked for. Of several objects in one anchor cell all classes are 1, and the box loss is the mean over them.
//
// The gradient of CIoU is the true one of the whole formula. Darknet's own leaves out the derivatives of the decoding,
// and its weight of 0.07 belongs to that: for a centre in the middle of its cell, at a stride of 32 and 608 pixels, it
// is a weight of 5 on the true gradient.
//
// The three sums are divided by one number that the caller gives (see train/yolo_losses.h), where Darknet divides by
// the images alone. There, many objects in an image, or tens of thousands of anchor cells that still are at a half,
// make steps that end in NaN; here the first values of the head (graph/weights.h) and that number keep the first loss
// at a few units whatever the anchors, the classes and the input size. The sides of a box stay within exp(-4.1) to
// exp(4.1) anchors (detect/box_coder.h), so that no output overflows: logits of +-1e4 give finite values.
//
// Thread contract: pure functions.
// Source: YOLOv4 (Bochkovskiy et al. 2020), section 3.4; Distance-IoU loss (Zheng et al. 2020), section 3.3.
#pragma once

#include <span>
#include <vector>

#include "detect/box.h"
#include "detect/yolo_head.h"
#include "nn/tensors.h"

namespace spinenet::nn {

struct YoloLossOptions {
  double objectness_weight = 1, class_weight = 1, box_weight = 5;
  double ignore_overlap = 0.7, ignore_class = 0.25;
};

// Anchor cells are numbered by level, row, column and anchor, as flatten_levels orders them; those of image n follow
// after n times their number.
struct YoloTargets {
  torch::Tensor positives;           // [P] int64: the anchor cells that learn an object, ascending, each once
  torch::Tensor classes;             // [P, K]: 1 where one of its objects has the class, else 0
  torch::Tensor match_positive;      // [M] int64: of each object that one learns, which of the positives
  torch::Tensor match_boxes;         // [M, 4]
  torch::Tensor ignored;             // [I] int64: anchor cells that learn nothing, none of the positives
  std::vector<torch::Tensor> boxes;  // of each image [T, 4]: its objects
};

struct YoloLosses {
  torch::Tensor objectness, classification, box;  // scalars that already have their weights
};

// What the boxes of an input's anchor cells are decoded with, [cells, 5]: x and y of the centre where the outputs are
// at their least, how far it moves from there, width and height of the anchor.
torch::Tensor yolo_cells(std::span<const detect::YoloLevel> levels, detect::Extent input);

// Codes [..., 4] (x, y, w, h as the head gives them) as boxes in pixels of the input; cells [..., 5] as of yolo_cells.
torch::Tensor yolo_boxes(const torch::Tensor& codes, const torch::Tensor& cells);

// IoU - d^2 / c^2 - alpha v of each pair of boxes [M, 4] with areas above 0: d is the distance of the centres, c the
// diagonal of the smallest box around both, v the difference of their ratios, and alpha = v / (1 - IoU + v + 1e-6).
torch::Tensor complete_iou(const torch::Tensor& predicted, const torch::Tensor& wanted);

// outputs [N, anchor cells, 5 + K], as flatten_levels makes them.
YoloLosses yolo_losses(const torch::Tensor& outputs, const torch::Tensor& cells, const YoloTargets& targets,
                       double normaliser, const YoloLossOptions& options);

}  // namespace spinenet::nn
