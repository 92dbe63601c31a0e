// Cross-entropy against soft targets: labels smoothed, and mixed where images were mixed.
//
// Source: Szegedy et al. 2016 (Rethinking the Inception Architecture), section 7 for smoothing; Zhang et al. 2018
// (mixup).
#pragma once

#include <cstdint>
#include <vector>

#include "nn/tensors.h"

namespace spinenet::nn {

struct ClassificationLossOptions {
  double label_smoothing = 0;  // share of the target that is spread over all classes
  double mixup = 0;            // both parameters of the Beta distribution of the mixing factor; 0: images stay alone
};

// Images are mixed with their neighbour: 0 with 1, 2 with 3; a last one without neighbour stays alone. Slices of an
// even number of images are therefore mixed alike in one process and in several.
struct Mixing {
  torch::Tensor partner;  // [N] int64
  torch::Tensor factor;   // [N] float32: the share of the image itself, above or equal to a half
};
// `first` is the number of the slice's first image within the global batch; the same seed gives the same factors.
Mixing draw_mixing(int64_t images, int64_t first, double mixup, uint64_t seed);

// x [N, ...] mixed along the first axis.
torch::Tensor mix(const torch::Tensor& x, const Mixing& mixing);

// [N, classes]: one at the label less the smoothing, which is spread over all classes.
torch::Tensor soft_targets(const std::vector<int>& labels, int64_t classes, double label_smoothing);

// logits, targets [N, classes]; the sum over the images, divided by `images`, the size of the whole global batch.
torch::Tensor soft_cross_entropy(const torch::Tensor& logits, const torch::Tensor& targets, double images);

}  // namespace spinenet::nn
