// Running statistics computed again for weights that did not make them (precise batch norm): those of a moving average
// are an average of other networks' statistics. The mean of a batch norm becomes the mean of its means over some
// batches, its variance that of their unbiased variances.
//
// Batches go through the network as they do in training, but in single precision and without gradients and stochastic
// depth. Batch norms that keep their statistics (FineTuning) keep them here, too.
// Invariant: the trainer, its weights, statistics and place in the data stay as they are.
// Thread contract: belongs to the thread that trains.
// Source: Wu and Johnson, Rethinking "Batch" in BatchNorm (2021), section 3.
#pragma once

#include <functional>

#include "base/progress.h"
#include "train/task.h"
#include "train/trainer.h"

namespace spinenet::train {

// A copy of trainer.measured() with statistics from as many batches, of this process alone.
nn::Parameters with_recomputed_statistics(const Trainer& trainer, int64_t batches,
                                          const std::function<data::Batch()>& next);

// From recipe.batch_norm.recompute_images images of the task's training set, in whole batches of the recipe's size.
// Which images, and how they are varied, follows from the recipe's seed alone; none are mixed.
nn::Parameters with_recomputed_statistics(const Trainer& trainer, const TrainTask& task, const Recipe& recipe,
                                          const ProgressOptions& bar);

}  // namespace spinenet::train
