// Which anchor cells of a YOLO head learn which box. An anchor cell is one anchor in one cell of one level; they are
// numbered by level, row, column and anchor of the level.
//
// A box belongs to the anchor whose size overlaps its own most, of all anchors of the network, and is learned by it on
// every level that has this anchor, in the cell that holds the box's centre; in the same way by each further anchor, of
// whatever level, whose overlap is above a threshold. Of equal overlaps the first anchor counts. Several boxes may meet
// in one anchor cell. A box whose best anchor no level has (YOLOv4-tiny's first one), and which overlaps no other by so
// much, is learned by none, nor is one without an area or with its centre outside the input.
//
// Thread contract: pure functions.
// Source: YOLOv3 (Redmon and Farhadi 2018), section 2.1; YOLOv4 (Bochkovskiy et al. 2020), section 3.4, "using multiple
// anchors for a single ground truth".
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "detect/box.h"

namespace spinenet::detect {

using AnchorSize = std::array<float, 2>;  // width, height in pixels of the input

struct YoloAnchors {
  std::vector<AnchorSize> sizes;           // of all anchors
  std::vector<std::vector<int>> of_level;  // indices into sizes
  std::vector<int> strides;                // of each level
  float iou_threshold = 0.213F;            // further anchors need more; at 1 there are none
};

struct YoloMatch {
  int64_t cell = 0;  // anchor cell
  int box = 0;

  bool operator==(const YoloMatch&) const = default;
};

// Intersection over union of two boxes of these sizes with one centre.
float centred_iou(const AnchorSize& a, const AnchorSize& b);

// Whether a level has an anchor that learns a box of this size.
bool has_level(const YoloAnchors& anchors, const AnchorSize& size);

// Of an input whose height and width are multiples of the strides.
int64_t anchor_cells(const YoloAnchors& anchors, Extent input);

// In the order of the cells, then of the boxes, each pair once.
std::vector<YoloMatch> match_yolo(const YoloAnchors& anchors, Extent input, std::span<const Box> boxes);

// In their order, the anchor cells whose anchor, centred on the cell, has more than `share` of its area in one of the
// crowd boxes. Those that learn a box are among them.
std::vector<int64_t> crowded_cells(const YoloAnchors& anchors, Extent input, std::span<const Box> crowd, float share);

}  // namespace spinenet::detect
