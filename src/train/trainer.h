// One network in training: a batch goes in, the weights move. Knows nothing of files, data sets and logs.
//
// Invariant: after each step every process holds the same weights. A step whose loss or gradient is not finite changes
// nothing: neither weights nor optimiser nor running statistics.
// Thread contract: belongs to one thread.
#pragma once

#include "data/batch.h"
#include "graph/program.h"
#include "train/checkpoint.h"
#include "train/distributed.h"
#include "train/recipe.h"

namespace spinenet {

struct StepReport {
  double classification_loss = 0, box_loss = 0;
  double gradient_norm = 0;
  double learning_rate = 0;
  double largest_logit = 0;  // only of a step that was not finite
  bool finite = true;

  double loss() const { return classification_loss + box_loss; }
};

class Trainer {
 public:
  Trainer(Program program, const Weights& first, const Recipe& recipe, torch::Device device,
          Communicator& communicator);

  // Does step state().progression.step and moves on. `batch` is this process's part.
  StepReport step(const Batch& batch);

  TrainState& state() { return state_; }
  const Program& program() const { return program_; }
  torch::Device device() const { return device_; }
  // The weights that are measured and kept: the moving average, or the live ones without it.
  const Parameters& measured() const { return recipe_.optimizer.ema_decay > 0 ? state_.average : state_.parameters; }

 private:
  StepReport forward_backward(const Batch& batch);
  ForwardMode mode(const Batch& batch) const;

  Program program_;
  Recipe recipe_;
  torch::Device device_;
  Communicator& communicator_;
  AllReduce all_reduce_;
  TrainState state_;
};

}  // namespace spinenet
