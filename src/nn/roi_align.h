// ROI align with LibTorch: the same cells and weights as detect/roi_align, summed by one embedding bag, so that nothing
// but the result is kept for the gradient and CPU and GPU run the same operations.
//
// Invariant: equal to detect/roi_align up to the order of sums. Thread contract: pure function.
#pragma once

#include <span>
#include <vector>

#include "detect/roi_align.h"
#include "nn/tensors.h"

namespace spinenet::nn {

// `pyramid`: neighbouring levels in rising order, [N, C, H, W] each; `rois`: of each of the N images. The result is
// [R, C, bins, bins], image after image; it may have no rows.
torch::Tensor roi_align(const std::vector<torch::Tensor>& pyramid, int min_level,
                        std::span<const std::vector<detect::Box>> rois, const detect::RoiAlignOptions& options);

}  // namespace spinenet::nn
