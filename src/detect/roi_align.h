// ROI align: what the features say about a box, as a grid of bins, each the mean of a few points that are read
// bilinearly and never rounded to cells (Mask R-CNN, He et al. 2017, section 3). Every box is read from the level of
// the pyramid that suits its size (FPN, Lin et al. 2017, equation 1).
//
// Convention: half a cell is taken off, so that a cell's value stands at its middle, and a bin has 2 x 2 points, as in
// the later implementations of Mask R-CNN ("aligned"). The published programs of SpineNet read one point a bin without
// the half cell (see roi_align_options). Points up to one cell outside of the map take the value of its border, those
// farther out count as 0. Invariant: forward and backward read the same cells with the same weights, those of roi_bins.
// Thread contract: pure functions; out and gradients belong to the caller.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "detect/box.h"
#include "detect/level_stride.h"

namespace spinenet::detect {

struct RoiAlignOptions {
  int bins = 7;     // rows and columns of the grid
  int samples = 2;  // points of a bin on each axis; 0: one for each cell that the bin spans, rounded up
  bool half_cell = true;
  bool least_cell = false;           // no ROI is taken for smaller than one cell
  int coarsest_stride = kAnyStride;  // of the pyramid's cells (see level_stride.h)
};

// Of a head that reads 2 x 2 points of each bin, or, as SpineNet's published programs do, a single one.
RoiAlignOptions roi_align_options(int bins, int coarsest_stride, bool single_point);

// The level of a ROI in a pyramid of these levels: 4 for a square of 224 pixels, one more for each doubling of its
// side.
int roi_level(const Box& roi, int min_level, int max_level);
// The side of the smallest square of a level.
double least_roi_side(int level);

struct LevelShape {
  int level = 0;  // a cell is level_stride pixels wide and high
  int height = 0, width = 0;
};

// What the bins of one ROI, row by row, read from a map: bin b the cells [ends[b - 1], ends[b]), from 0 for the first,
// each row * width + column with its weight. The weights of a bin within the map sum to 1.
struct RoiBins {
  std::vector<int64_t> ends, cells;
  std::vector<float> weights;
};
// Rows [top, bottom) and columns [left, right) of the bins of a ROI.
struct BinWindow {
  int top = 0, left = 0, bottom = 0, right = 0;
};
// `roi` in pixels of the network's input, finite.
RoiBins roi_bins(const Box& roi, const LevelShape& shape, const RoiAlignOptions& options);
// Of the bins of a window alone, row by row.
RoiBins roi_bins(const Box& roi, const LevelShape& shape, const RoiAlignOptions& options, const BinWindow& window);

struct FeatureLevel {
  LevelShape shape;
  const float* values = nullptr;  // [C, height, width]
};
struct GradientLevel {
  LevelShape shape;
  float* values = nullptr;  // [C, height, width]
};

// `pyramid` has neighbouring levels in rising order; out: [rois, C, bins, bins], whose size tells C.
void roi_align(std::span<const FeatureLevel> pyramid, std::span<const Box> rois, const RoiAlignOptions& options,
               std::span<float> out);
// Adds to the gradients of the levels what the gradient of `out` gives them. ROIs have none.
void roi_align_backward(std::span<const float> out_gradient, std::span<const Box> rois, const RoiAlignOptions& options,
                        std::span<const GradientLevel> pyramid);

}  // namespace spinenet::detect
